// What scrolls sideways can be reached and scrolled by keyboard; the two side columns have names.
function reachable() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .math-wrapper, .image_png")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Pages");
document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");

// The contents of the page give way while a playground reaches over them.
const contents = document.querySelector(".toc-drawer");
const seen = new Set();
const watcher = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) seen[isIntersecting ? "add" : "delete"](target);
  contents.classList.toggle("beneath", seen.size > 0 && innerWidth >= 82 * 16);
});
if (contents)
  for (const playground of document.querySelectorAll(".lesson-playground"))
    watcher.observe(playground);

addEventListener("load", () =>
  (window.MathJax?.startup?.promise ?? Promise.resolve()).then(reachable),
);
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true); // a hint unfolds
