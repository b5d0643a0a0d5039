// Runs once, in the transcript's element: words follow whichever player of its tab sounds; Ctrl-Enter (or Cmd-Enter) speaks.
let player = null;
const refused = new WeakMap(); // player of the finished file -> the file that was kept silent

// The finished file plays by itself; but where the stream is still heard, it has to wait for a click.
const mustWait = (sound) => {
  const live = document.querySelector("#live audio");
  if (!sound.closest("#player") || !live || !live.currentSrc || live.ended || refused.get(sound) === sound.currentSrc) return false;
  refused.set(sound, sound.currentSrc);
  return true;
};

const keepInSight = (word) => {
  const box = word.closest(".transcript");
  const [inner, outer] = [word.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - outer.height / 3;
};

const mark = () => {
  const now = player ? player.currentTime : -1;
  for (const word of element.querySelectorAll("[data-start]")) {
    const isHeard = now >= Number(word.dataset.start) && now < Number(word.dataset.end);
    if (isHeard && !word.classList.contains("heard")) keepInSight(word);
    word.classList.toggle("heard", isHeard);
    word.classList.toggle("spoken", now >= Number(word.dataset.end));
  }
};

const follow = () => {
  mark();
  if (player && !player.paused && !player.ended) requestAnimationFrame(follow);
};

for (const name of ["play", "seeked", "ended"]) {
  document.addEventListener(name, (event) => {
    if (event.target.tagName !== "AUDIO" || !event.target.closest("#speak-sound")) return;
    if (name === "play" && mustWait(event.target)) {
      event.target.pause();
      return;
    }
    player = event.target;
    follow();
  }, true);
}

element.addEventListener("click", (event) => {
  const word = event.target.closest("[data-start]");
  const sound = player && player.isConnected ? player : document.querySelector("#speak-sound audio");
  if (!word || !sound) return;
  sound.currentTime = Number(word.dataset.start);
  sound.play();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.closest("#speak-text")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(() => document.querySelector("#speak-button")?.click(), 0);
});
