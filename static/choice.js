// Choosing units: how many are ticked, beside how many have to be.
"use strict";

const told = document.querySelector("output[data-needed]");

const count = () => {
  const ticked = told.form.querySelectorAll('input[name="chosen"]:checked').length;
  told.value = `${ticked}/${told.dataset.needed} ${told.dataset.text}`;
  told.classList.toggle("is-full", String(ticked) === told.dataset.needed);
};

if (told) {
  told.form.addEventListener("change", count);
  count();
}
