/* Numbers as text and as colour; text as numbers, or why it is none. */
{
  const LARGEST = 99; // an entry beyond this only cuts the picture off

  // what a number under the hand may be: its steps by an arrow key and by a page, and the rule in words
  const ENTRY = {
    least: -LARGEST,
    most: LARGEST,
    step: 0.25,
    leap: 1,
    rule: `A kernel entry is a finite number between -${LARGEST} and ${LARGEST}`,
  };

  const fits = (value, { least, most, whole } = ENTRY) =>
    value >= least && value <= most && (!whole || Number.isInteger(value));

  // a decimal comma and a typographer's minus are understood
  function number(text) {
    const plain = text
      .trim()
      .replace("\u2212", "-")
      .replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  }

  // in three digits
  const format = (value) => String(Number(value.toPrecision(3)) || 0);

  // as a factor or a term
  const bracketed = (value) => (value < 0 ? `(${format(value)})` : format(value));

  const asCode = (kernel) =>
    `torch.tensor([${kernel.map((row) => `[${row.join(", ")}]`).join(", ")}], dtype=torch.float64)`;

  // the words with each {name} replaced by its value
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // the colour of an entry: blue 1, white 0, orange -1, told apart in the common colour blindnesses
  function shade(share) {
    const end = share > 0 ? [122, 177, 224] : [240, 178, 102];
    const strength = Math.min(Math.abs(share), 1);
    return `rgb(${end.map((part) => Math.round(255 + (part - 255) * strength)).join(",")})`;
  }

  const refusal = (text, limits = ENTRY) => `${limits.rule}, ${text} is not.`;

  function restored(text, before, limits) {
    const typed = refusal(text.trim() || "an empty field", limits);
    return `${typed} The last good value, ${format(before)}, is back.`;
  }

  /* The texts of a pasted matrix, row by row; null if it is one number or none. Python's lists, rows
  from a spreadsheet, comma-separated values, rows set apart by semicolons. */
  function matrix(text) {
    const clean = text.trim();
    if (clean.includes("[")) {
      const rows = [...clean.matchAll(/\[([^[\]]*)\]/g)].map((found) => found[1].trim());
      return rows.length ? rows.map((row) => row.split(/\s*,\s*|\s+/).filter(Boolean)) : null;
    }
    const lines = clean.split(clean.includes("\n") ? /\s*\n\s*/ : /\s*;\s*/);
    const rows = lines.map((line) =>
      line.split(/[\s;]/.test(line) ? /[\s;]+/ : ",").filter(Boolean),
    );
    return rows.length > 1 || (rows[0].length > 1 && /\s/.test(clean)) ? rows : null;
  }

  // why pasted rows cannot take the kernel's place; empty if they can
  function misfit(rows, kernel, name, limits) {
    const columns = new Set(rows.map((row) => row.length));
    const size = columns.size > 1 ? "of unequal rows" : `${rows.length}x${rows[0].length}`;
    const own = `${kernel.length}x${kernel[0].length}`;
    const bad = rows.flat().find((text) => !fits(number(text), limits));
    const stays = `${name} stays as it was.`;
    if (size !== own) return `The pasted table is ${size}, ${name} is ${own}. ${stays}`;
    return bad === undefined
      ? ""
      : `${refusal(bad, limits)} It stands in the pasted table. ${stays}`;
  }

  Object.assign(window.lesson, { ENTRY, fits, number, format, bracketed, asCode, fill, shade });
  Object.assign(window.lesson, { refusal, restored, matrix, misfit });
}
