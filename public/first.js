// Where the address names a method of another task, or other images, the pictures in the page's HTML would be wrong: they are removed.
// A file of its own, because the page allows no script in its HTML; not a module, because those run after the first painting.
const asked = new URLSearchParams(location.search);
const main = document.querySelector("main");
if (asked.has("data") || main.dataset.others.split(" ").includes(asked.getAll("preset").at(-1))) main.remove();
