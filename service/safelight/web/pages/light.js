/** The room light: what was chosen is on before the first paint; else the system says whether it is. A classic script for that. */
(() => {
  const KEY = "safelight.light";
  const page = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: light)");
  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is forbidden here: the choice lasts as long as the page
    }
  };
  let chosen = read();
  const isOn = () => (chosen ? chosen === "on" : system.matches);
  const show = () => {
    page.dataset.light = isOn() ? "on" : "off";
    document.getElementById("light")?.setAttribute("aria-pressed", String(isOn()));
  };
  show();
  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("light").addEventListener("click", () => {
      chosen = isOn() ? "off" : "on";
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // as above
      }
      show();
    });
  });
})();
