// A year's figure and its second half: whichever is written, the other follows from it and from the six months. What is kept
// and sent is the year (semantics §7). Digits are exact: what can't be read is left to the server, which says so.
"use strict";
window.danvan = window.danvan || {};

danvan.halves = (form, changed) => {
  const MOST_DECIMALS = 6;
  const secondOf = (code) => form.querySelector(`[data-second="${code}"]`);
  const yearOf = (code) => document.getElementById(`entry-${code}`);

  // Millionths, as a whole number; null for what is no number.
  function read(text) {
    const match = text.trim().match(/^([-−]?)(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{1,6}))?$/);
    if (!match) return null;
    const millionths = BigInt(match[2].replaceAll(".", "") + (match[3] || "").padEnd(MOST_DECIMALS, "0"));
    return match[1] ? -millionths : millionths;
  }

  function write(millionths) {
    const digits = String(millionths < 0n ? -millionths : millionths).padStart(MOST_DECIMALS + 1, "0");
    const whole = digits.slice(0, -MOST_DECIMALS).replace(/\B(?=(\d{3})+$)/g, ".");
    const decimals = digits.slice(-MOST_DECIMALS).replace(/0+$/, "");
    return (millionths < 0n ? "-" : "") + whole + (decimals && `,${decimals}`);
  }

  function toYear(second) {
    const year = yearOf(second.dataset.second);
    const value = read(second.value);
    if (value === null && second.value.trim()) year.value = second.value; // the server says why that can't be read
    else year.value = value === null ? "" : write(read(second.dataset.first) + value);
    changed(second.dataset.second);
  }

  function toSecond(code) {
    const second = secondOf(code);
    const value = second && read(yearOf(code).value);
    if (second) second.value = value === null ? "" : write(value - read(second.dataset.first));
  }

  form.addEventListener("input", (event) => {
    const { second, code } = event.target.dataset;
    if (second) toYear(event.target);
    else if (code) toSecond(code);
  });

  return {
    toSecond,
    // Nothing happened in the second half: the year is what six months were.
    nothing(code) {
      const second = secondOf(code);
      if (second) second.value = "0";
      return second ? second.dataset.first : "0";
    },
  };
};
