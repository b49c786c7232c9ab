"""The form: what it offers, what it sends, and where it says what is wrong."""

from playwright.sync_api import expect


def test_form_is_what_the_chosen_providers_schema_says(service, open_page):
    tab = open_page(service)
    schemas = {provider["providerId"]: provider for provider in service.call("GET", "/v1/providers")[1]["providers"]}
    for name, provider in schemas.items():
        tab("#provider").select_option(name)
        shown = tab("#fields [name]").evaluate_all("fields => fields.map(({ name }) => name)")
        assert shown == [f"{group}.{key}" for group in ("params", "options") for key in provider[group]["properties"]]
    tab("#provider").select_option("sketch")
    width = tab("#field-params-width")
    bounds = [width.get_attribute(name) for name in ("type", "min", "max", "step", "placeholder")]
    assert bounds == ["number", "64", "1024", "1", "512"]
    expect(width).to_have_accessible_description("Width in pixels. From 64 to 1024.")
    expect(tab("#field-options-format option")).to_have_text(["png (default)", "jpeg", "webp"])


def test_only_what_was_filled_in_is_sent(service, open_page):
    tab = open_page(service)
    with tab.page.expect_request(lambda request: request.method == "POST") as sent:
        tab.develop("  a fox ", params={"steps": 3}, options={"format": "webp", "seconds": 0})
    assert sent.value.post_data_json == {
        "prompt": "a fox",
        "providerId": "sketch",
        "params": {"steps": 3},
        "options": {"seconds": 0, "format": "webp"},
    }
    tab.looks("done")


def test_faults_stand_at_their_fields(service, open_page):
    tab = open_page(service)
    tab("#develop").click()
    expect(tab("#prompt-fault")).to_have_text("Say what the picture shows.")
    expect(tab("#prompt")).to_be_focused()
    tab.develop("a fox", params={"width": 5}, options={"seconds": -1})
    expect(tab("#field-params-width-fault")).to_have_text("Must be >= 64.")
    expect(tab("#field-options-seconds-fault")).to_have_text("Must be >= 0.0.")
    expect(tab("#field-params-width")).to_be_focused()
    expect(tab("#field-params-width")).to_have_attribute("aria-invalid", "true")
    tab("#provider").select_option("simulator")
    tab("#field-options-script").fill("[{")
    tab("#develop").click()
    expect(tab("#field-options-script-fault")).to_have_text("This is no JSON.")
    expect(tab("#sheet li")).to_have_count(0)


def test_used_again_fills_the_form(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", provider="simulator", params={"steps": 3}, options={"scenario": "queue", "seconds": 1})
    tab.looks("done")
    tab.page.reload()
    tab("#again").click()
    expect(tab("#prompt")).to_have_value("a fox")
    expect(tab("#provider")).to_have_value("simulator")
    expect(tab("#field-params-steps")).to_have_value("3")
    assert tab("#field-options-scenario").evaluate("s => s.selectedOptions[0].text") == "queue"
