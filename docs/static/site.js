// What scrolls sideways can be reached and scrolled by keyboard; the two side columns have names.
function reachable() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .math-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Pages");
document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
addEventListener("load", () => (window.MathJax?.startup?.promise ?? Promise.resolve()).then(reachable));
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true); // a hint unfolds
