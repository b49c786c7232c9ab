"""Which words mean what; the one place to teach the sketcher a word."""

from __future__ import annotations

# ruff: noqa: RUF001 - Russian is written in Cyrillic
SCENES: dict[str, str] = {
    "lighthouse": "lighthouse beacon faro phare leuchtturm маяк 灯台 灯塔 등대",
    "city": "city town skyline street skyscraper rooftop manhattan tokyo york london paris berlin cyberpunk neon urban downtown tower building stadt ville ciudad cidade città город 都市 城市 도시 🌃 🌆 🌇 🏙",
    "forest": "forest wood woods woodland tree pine spruce fir jungle grove cabin deer wald forêt bosque floresta foresta лес 森 森林 숲 🌲 🌳 🦌",
    "mountains": "mountain peak alp alpine hill valley summit everest fuji canyon cliff volcano lake himalaya glacier berg montagne montaña montanha montagna гора горы 山 산 🏔 ⛰ 🗻",
    "sea": "sea ocean beach wave water coast island ship boat sail sailboat harbour harbor shore bay whale lagoon meer mer mar mare море 海 바다 🌊 ⛵ 🏖 🐳",
    "desert": "desert dune sahara sand oasis cactus camel pyramid egypt mesa wüste désert desierto deserto пустыня 砂漠 沙漠 🏜 🌵 🐪",
    "meadow": "meadow garden field park countryside farm pasture lawn prairie tuscany provence landscape poppy picnic balloon rainbow wiese garten jardin jardín giardino сад поле 野原 庭 花园 🌈 🎈",
    "space": "space planet cosmos cosmic universe galaxy nebula saturn jupiter mars orbit asteroid comet rocket spaceship astronaut alien ufo weltraum espace espacio космос 宇宙 우주 🪐 🚀 🌌 ☄ 👽",
    "still": "flower bouquet vase rose tulip sunflower daisy peony lily blossom bloom still fruit apple lemon pear table kitchen coffee tea teapot cup mug breakfast blume fleur flor fiore цветы 花 꽃 🌻 🌷 🌹 💐 🌸 🍎 🍋 ☕ 🍵",
    "abstract": "abstract pattern geometric geometry shapes minimal bauhaus cubist texture gradient paper colours colors music jazz idea dreamscape",
    "backdrop": "studio backdrop",
}
SUBJECTS: dict[str, str] = {
    "cat": "cat kitten kitty tomcat tabby katze kater chat chaton gato gatto кот кошка 猫 貓 고양이 🐱 🐈 😺 😸",
    "dog": "dog puppy doggo corgi labrador retriever hund welpe chien perro cane собака 犬 狗 강아지 🐶 🐕",
    "fox": "fox vixen fuchs renard zorro volpe лиса лис 狐 狐狸 여우 🦊",
    "rabbit": "rabbit bunny hare easter hase kaninchen lapin conejo coniglio кролик заяц 兎 兔子 토끼 🐰 🐇",
    "bear": "bear teddy grizzly bär ours oso orso медведь 熊 곰 🐻 🧸",
    "panda": "panda панда 熊猫 🐼",
    "owl": "owl eule hibou búho gufo сова 梟 猫头鹰 🦉",
    "penguin": "penguin pinguin manchot pingüino pinguino пингвин 企鹅 🐧",
    "robot": "robot android droid automaton machine roboter робот ロボット 机器人 🤖",
    "portrait": "portrait face person people woman girl lady man boy guy child kid queen king princess prince wizard witch selfie self bust human mother father grandmother grandfather artist poet sailor mona lisa porträt frau mann femme homme mujer hombre ritratto портрет девушка 肖像 人 👩 👨 👧 👦 🧙 👸 🤴 🙂",
}
STYLES: dict[str, str] = {
    "watercolour": "watercolour watercolor aquarelle aquarell gouache wash акварель 水彩",
    "ink": "ink sketch drawing drawn pencil etching engraving lineart charcoal doodle zeichnung dessin dibujo рисунок 素描 ✏ 🖊",
    "poster": "poster flat vector screenprint linocut silkscreen print cutout stencil plakat affiche плакат",
    "pixel": "pixel pixelart pixelated 8bit 16bit gameboy voxel 👾",
    "mono": "monochrome noir bw greyscale grayscale daguerreotype",
}
MOODS: dict[str, str] = {
    "dusk": "dusk sunset evening twilight golden autumn october romantic dämmerung abend soir atardecer tramonto закат вечер 夕 🌅 🌇",
    "dawn": "dawn sunrise morning spring pastel morgen matin amanecer alba рассвет утро 朝 🌄",
    "night": "night midnight dark moon moonlight moonlit moonrise star starry stars galaxy neon cyberpunk halloween nacht nuit noche notte ночь 夜 🌃 🌙 🌕 ✨ ⭐ 🌌",
    "day": "day noon sunny summer bright afternoon cheerful happy tag jour día giorno день 昼 ☀",
    "mist": "mist misty fog foggy haze hazy winter snow snowy calm dream dreamy nebel brume niebla туман 霧 ❄",
    "storm": "storm stormy rain rainy thunder thunderstorm lightning tempest gloomy moody dramatic sturm orage tormenta буря 雨 ⛈ 🌧",
}
BODIES: dict[str, str] = {
    "moon": "moon moonlight moonlit moonrise crescent mond lune luna луна 月 🌙 🌕",
    "sun": "sun sunny sunset sunrise sonne soleil sol солнце 太陽 ☀ 🌅 🌄",
}
EXTRAS: dict[str, str] = {
    "boat": "boat ship sail sailboat yacht regatta harbour harbor ⛵",
    "birds": "bird gull seagull crow flock geese swallow 🐦 🕊",
    "snow": "snow snowy snowfall winter christmas blizzard schnee neige 雪 ❄ ☃",
    "rain": "rain rainy storm stormy thunder 雨 ⛈ 🌧",
    "lake": "lake reflection mirror river fjord 湖",
    "cabin": "cabin hut cottage house home lodge 🏠 🏡",
    "autumn": "autumn fall october maple herbst automne otoño 秋 🍁 🍂",
    "stars": "star stars starry galaxy milky cosmos ✨ ⭐ 🌌 星",
    "lightning": "lightning thunder thunderstorm storm stormy ⛈ ⚡",
    "crescent": "crescent 🌙",
    "full": "full 🌕",
    "fireflies": "firefly fireflies magic magical enchanted fairy",
    "balloon": "balloon balloons montgolfière 🎈",
    "rainbow": "rainbow regenbogen arcoíris радуга 虹 🌈",
    "rocket": "rocket spaceship spacecraft astronaut launch 🚀",
    "rings": "saturn ring ringed 🪐",
    "cactus": "cactus cacti saguaro 🌵",
    "pyramid": "pyramid egypt giza",
    "camel": "camel caravan 🐪 🐫",
    "sunflower": "sunflower sunflowers gogh tournesol 🌻",
    "tulip": "tulip tulips 🌷",
    "rose": "rose roses peony 🌹",
    "lavender": "lavender provence",
    "fruit": "fruit apple lemon pear oranges peach plum 🍎 🍋 🍊 🍐",
    "cup": "coffee tea cup mug breakfast espresso cappuccino ☕ 🍵",
    "beard": "beard bearded wizard grandfather 🧔",
    "long": "woman girl lady queen princess witch mother mona lisa femme frau mujer 👩 👧 👸",
    "short": "man boy guy king prince father wizard homme mann hombre 👨 👦 🤴",
    "glasses": "glasses spectacles professor nerd librarian scientist 👓 🤓",
    "crown": "crown queen king princess prince royal 👑 👸 🤴",
    "hat": "hat wizard witch magician 🧙 🎩",
    "flowers": "flower flowers frida floral blossom 🌸",
}
COLOURS: dict[str, str] = {
    "red": "d6322f", "crimson": "b3123c", "scarlet": "e0301e", "pink": "f48fb1", "magenta": "d02b9a",
    "purple": "7e3fb0", "violet": "7f4fd0", "lavender": "b59ce0", "indigo": "3b3aa5", "blue": "2463d6", "navy": "15306e",
    "azure": "2b8fe6", "cyan": "1fb8cf", "turquoise": "2cc4b4", "teal": "158b8b", "green": "2f9e4f", "emerald": "149c68",
    "mint": "8fdcb4", "olive": "7d8232", "lime": "93c926", "yellow": "f4cf2c", "gold": "dfa52a", "golden": "dfa52a",
    "amber": "f0a020", "orange": "f07d22", "ginger": "e2873c", "coral": "f5735c", "peach": "f8b38d", "brown": "8a5a34",
    "sepia": "9a7448", "beige": "d9c6a2", "cream": "f6e8cf", "black": "101014", "white": "f6f4ee", "grey": "8c8f94",
    "gray": "8c8f94", "silver": "b9bec6", "rose": "e8718d",
}  # fmt: skip
