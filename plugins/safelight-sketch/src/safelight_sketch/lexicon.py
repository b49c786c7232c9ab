"""Which words mean what; the one place to teach the sketcher a word."""

from __future__ import annotations

SCENES: dict[str, str] = {
    "lighthouse": "lighthouse beacon faro phare leuchtturm маяк 灯台 灯塔 등대",
    "city": "city town skyline street skyscraper tokyo york london paris berlin cyberpunk neon urban downtown tower building stadt ville ciudad город 都市 城市 🌃 🌆 🌇 🏙",
    "forest": "forest wood woods woodland tree pine spruce fir jungle grove cabin deer fox bear wald forêt bosque лес 森 森林 🌲 🌳 🦌 🦊",
    "mountains": "mountain peak alp alpine hill valley summit everest fuji canyon cliff volcano lake berg montagne montaña гора горы 山 🏔 ⛰ 🗻",  # noqa: RUF001 - Russian is written in Cyrillic
    "sea": "sea ocean beach wave water coast island ship boat sail sailboat harbour harbor shore bay whale meer mer mar море 海 🌊 ⛵ 🏖",
    "abstract": "abstract pattern geometric shapes minimal bauhaus cubist texture gradient paper colours colors",
}
MOODS: dict[str, str] = {
    "dusk": "dusk sunset evening twilight golden autumn october romantic dämmerung atardecer закат 夕 🌅 🌇",
    "dawn": "dawn sunrise morning spring pastel morgen amanecer рассвет 朝 🌄",
    "night": "night midnight dark moon moonlight moonlit moonrise star starry stars galaxy neon cyberpunk nacht nuit noche ночь 夜 🌃 🌙 🌕 ✨ ⭐ 🌌",
    "day": "day noon sunny summer bright afternoon tag jour 昼 ☀",
    "mist": "mist misty fog foggy haze hazy winter snow snowy calm dream dreamy nebel туман 霧 ❄",
    "storm": "storm stormy rain rainy thunder thunderstorm lightning tempest gloomy moody dramatic sturm буря 雨 ⛈ 🌧",
}
BODIES: dict[str, str] = {
    "moon": "moon moonlight moonlit moonrise crescent mond lune luna луна 月 🌙 🌕",
    "sun": "sun sunny sunset sunrise sonne soleil sol солнце 太陽 ☀ 🌅 🌄",
}
EXTRAS: dict[str, str] = {
    "boat": "boat ship sail sailboat yacht regatta harbour harbor ⛵",
    "birds": "bird gull seagull crow flock geese 🐦 🕊",
    "snow": "snow snowy snowfall winter christmas blizzard schnee 雪 ❄",
    "rain": "rain rainy storm stormy thunder 雨 ⛈ 🌧",
    "lake": "lake reflection mirror river fjord 湖",
    "cabin": "cabin hut cottage house home lodge 🏠 🏡",
    "autumn": "autumn fall october maple herbst automne otoño 秋 🍁 🍂",
    "stars": "star stars starry galaxy milky cosmos ✨ ⭐ 🌌 星",
    "lightning": "lightning thunder thunderstorm storm stormy ⛈ ⚡",
    "crescent": "crescent 🌙",
    "full": "full 🌕",
    "fireflies": "firefly fireflies magic magical enchanted fairy",
}
COLOURS: dict[str, str] = {
    "red": "d6322f", "crimson": "b3123c", "scarlet": "e0301e", "pink": "f48fb1", "rose": "e8718d", "magenta": "d02b9a",
    "purple": "7e3fb0", "violet": "7f4fd0", "lavender": "b59ce0", "indigo": "3b3aa5", "blue": "2463d6", "navy": "15306e",
    "azure": "2b8fe6", "cyan": "1fb8cf", "turquoise": "2cc4b4", "teal": "158b8b", "green": "2f9e4f", "emerald": "149c68",
    "mint": "8fdcb4", "olive": "7d8232", "lime": "93c926", "yellow": "f4cf2c", "gold": "dfa52a", "golden": "dfa52a",
    "amber": "f0a020", "orange": "f07d22", "coral": "f5735c", "peach": "f8b38d", "brown": "8a5a34", "sepia": "9a7448",
    "beige": "d9c6a2", "black": "101014", "white": "f6f4ee", "grey": "8c8f94", "gray": "8c8f94", "silver": "b9bec6",
}  # fmt: skip
