// The page hands the few sentences scripts say over as data-t-… on <body>, in the
// person's language.
export function words(key, values = {}) {
  let text = document.body.getAttribute("data-t-" + key) || "";
  for (const [name, value] of Object.entries(values)) text = text.replace("{" + name + "}", value);
  return text;
}
