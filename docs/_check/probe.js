// Put at the head of each page while it is checked. Collects what goes wrong, and, when the formulas
// are drawn, hands it to the page around this one.
(() => {
  const errors = [];
  const log = console.error;
  console.error = (...args) => {
    errors.push(args.join(" "));
    log(...args);
  };
  window.addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
  window.addEventListener("error", (event) => {
    const target = event.target;
    errors.push(event.message || `${target.tagName} ${target.src || target.href} not loaded`);
  }, true);  // while capturing: errors of resources don't bubble

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const shown = (element) => element.getClientRects().length > 0;

  /** Text outside code that looks like LaTeX. */
  function rawLatex() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (parent.closest("pre, code, script, style, mjx-container, textarea")) continue;
      const text = walker.currentNode.textContent;
      if (/\\[([\])]|\\[a-z]{3,}|\$\$/.test(text)) found.push(text.trim().slice(0, 60));
    }
    return found;
  }

  /** Formulas on the page that aren't drawn, or wider than their place. */
  function formulas() {
    const all = [...document.querySelectorAll("span.math, div.math")];
    const drawn = (math) => math.querySelector("mjx-container svg") &&
      !math.querySelector("[data-mml-node='merror'], mjx-merror");
    const past = (math) => [...math.querySelectorAll("mjx-container svg")].some((drawing) =>
      shown(math) && drawing.getBoundingClientRect().right >
        math.closest("div, p, dd, li, td, th").getBoundingClientRect().right + 1);
    const name = (math) => (math.dataset.tex || math.textContent).trim().slice(0, 60);
    return {
      count: all.length,
      drawn: all.filter(drawn).length,
      undrawn: all.filter((math) => !drawn(math)).map(name),
      wide: all.filter(past).map(name),
    };
  }

  /**
   * What reaches past the window's right edge. Code, tables and output may scroll in
   * their frames.
   */
  function overflow() {
    const width = document.documentElement.clientWidth;
    const past = [...document.querySelectorAll("main *")].filter((element) =>
      shown(element) && element.getBoundingClientRect().right > width + 1 &&
      !element.closest("pre, mjx-container, .pst-scrollable-table-container") &&
      !element.closest(".visually-hidden, .output_html, .bd-sidebar-secondary, dialog"));
    const names = past.map((element) =>
      `${element.tagName.toLowerCase()}.${String(element.className.baseVal ?? element.className)}`);
    return [...new Set(names)].slice(0, 6);
  }

  window.addEventListener("load", async () => {
    if (window.MathJax?.startup?.promise) {
      await Promise.race([window.MathJax.startup.promise, wait(20000)]);
    }
    let results = null;
    if (location.search.includes("q=")) {  // the search page: its first answers
      for (let i = 0; i < 100 && document.querySelectorAll("ul.search > li a").length < 1; i++) {
        await wait(100);
      }
      await wait(500);
      results = [...document.querySelectorAll("ul.search > li > a")].slice(0, 3)
        .map((link) => link.getAttribute("href").split("?")[0]);
    }
    await wait(50);
    const report = { errors, results, latex: rawLatex(), formulas: formulas(), overflow: overflow() };
    window.parent.postMessage(report, "*");
  });
})();
