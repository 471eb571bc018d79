// Gives the search fields that the admin's own script makes beside a list of choices the name of that list, whenever it makes them.
"use strict";

(() => {
  function name() {
    document.querySelectorAll(".select2-search--inline .select2-search__field:not([aria-label])").forEach((field) => {
      const list = field.closest(".select2-container")?.previousElementSibling;
      const label = list?.labels?.[0];
      if (label) field.setAttribute("aria-label", label.textContent.trim());
    });
  }

  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
})();
