/* Brings every still in the page to life that is not alive yet. */
{
  const { dress, playground, playgrounds } = window.lesson;

  function start() {
    dress();
    for (const root of document.querySelectorAll(".lesson-playground:not([data-live])")) {
      const state = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      root.dataset.live = state.kind;
      playground(root, state, playgrounds[state.kind]);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}
