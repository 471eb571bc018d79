// Gives the search fields that the admin's own script makes beside a list of choices the name of that list.
"use strict";

addEventListener("load", () => {
  document.querySelectorAll(".select2-search__field:not([aria-label])").forEach((field) => {
    const list = field.closest(".select2-container").previousElementSibling;
    const label = list && list.labels && list.labels[0];
    if (label) field.setAttribute("aria-label", label.textContent.trim());
  });
});
