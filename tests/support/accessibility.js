// What a page lacks for people who do not see it well or do not use a mouse; run in the page.
() => {
  const complaints = [];
  const complain = (what, element) => complaints.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const rgb = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const light = ([r, g, b]) => {
    const linear = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  for (const element of document.querySelectorAll(".frame *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !seen(element) || element.closest("svg, .unseen, .stale")) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgb(style.color)), light(behind(element))].sort((a, b) => b - a);
    const large = parseFloat(style.fontSize) >= 24;
    if ((one + 0.05) / (other + 0.05) < (large ? 3 : 4.5)) complain("little contrast", element);
  }
  for (const control of document.querySelectorAll("button, input, a, summary, .frame [tabindex]")) {
    if (!seen(control)) continue;
    const label = control.labels?.[0]?.textContent ?? control.ariaLabel ?? control.textContent;
    if (!label.trim()) complain("no name", control);
    if (control.tabIndex < 0) complain("not in the order of the keyboard", control);
    const place = (control.type === "radio" ? control.parentElement : control).getBoundingClientRect();
    const side = Math.min(place.width, place.height);
    if (place.width && control.tagName !== "A" && side < 18) complain("too small", control);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) complaints.push(`twice: #${id}`);
  for (const image of document.querySelectorAll("[role=img], img")) {
    if (!image.ariaLabel && !image.alt) complain("no words for a picture", image);
  }
  for (const name of ["aria-labelledby", "popovertarget", "for"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!document.getElementById(element.getAttribute(name))) complain(`${name} of nothing`, element);
    }
  }
  return {
    lang: document.documentElement.lang,
    title: document.title,
    mains: document.querySelectorAll("main").length,
    h1: document.querySelectorAll("h1").length,
    complaints,
  };
}
