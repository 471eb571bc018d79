// The list of sections says in which one the reader is.
"use strict";
(() => {
  const links = new Map([...document.querySelectorAll(".sections a")].map((link) => [link.hash.slice(1), link]));
  const inView = new Set();
  const watch = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) isIntersecting ? inView.add(target.id) : inView.delete(target.id);
      const now = [...links.keys()].find((id) => inView.has(id));
      if (!now) return;
      for (const [id, link] of links) id === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
      const list = links.get(now).closest("ol");
      list.scrollTo({ left: links.get(now).closest("li").offsetLeft - list.offsetLeft - 8 });
    },
    { rootMargin: "-10% 0px -60% 0px" },
  );
  for (const id of links.keys()) watch.observe(document.getElementById(id));
})();
