"""Light or dark: follows the system, until a button says otherwise; the browser remembers."""

from __future__ import annotations

from nicegui import ui

from streamsvd.dashboard.elements import Text

_EARLY = """<script>
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "system";
</script>"""
_NEXT = """() => {
  const root = document.documentElement;
  const other = matchMedia("(prefers-color-scheme: dark)").matches ? "light" : "dark";
  const next = root.dataset.theme === "system" ? other : "system";
  root.dataset.theme = next;
  localStorage.setItem("theme", next);
}"""


def theme_button() -> None:
    """A button that changes to the other one, and back to that of the system."""
    ui.add_head_html(_EARLY)
    button = Text("button", "Dark or light", "button small")
    button.props["type"] = "button"
    button.on("click", js_handler=_NEXT)
