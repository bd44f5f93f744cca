import re

from emodist.reporting._page import Page


def test_each_cell_names_its_column_for_pages_too_narrow_for_a_table():
    page = Page("nowhere")
    page.section("data", "Data")
    page.table(["speaker", "rows < 10"], [["Ann", 3], ["Bob", None]])
    html = page.html("Report", [])
    cells = re.findall(r'<td data-head="([^"]*)"[^>]*>([^<]*)</td>', html)
    assert cells == [
        *(("speaker", "Ann"), ("rows &lt; 10", "3")),
        *(("speaker", "Bob"), ("rows &lt; 10", "-")),
    ]
    assert "content: attr(data-head)" in html
