# SPDX-License-Identifier: Apache-2.0
"""What a person with a browser does in a device flow: follows the pages, fills their forms, says yes. Without a browser."""

import html
import http.cookiejar
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Browser:
    def __init__(self, ca_file: str) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file)))

    def fetch(self, url: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """Where it ended up, and the page; an error's page is a page."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self._opener.open(url, data, timeout=60) as answer:
                return answer.geturl(), answer.read().decode()
        except urllib.error.HTTPError as error:
            return url, error.read().decode()

    def json(self, url: str, form: dict[str, str] | None = None) -> dict:
        return json.loads(self.fetch(url, form)[1])

    def approve(self, url: str, person: str) -> str:
        """Signs in as `person` and agrees to everything that is asked; the text of the last page."""
        where, page = self.fetch(url)
        for _ in range(10):
            form = _first_form(page)
            if form is None:
                return re.sub(r"<[^>]+>", " ", page)
            action, fields = form
            fields.pop("abort", None)
            if "login" in fields:
                fields |= {"login": person, "password": "any"}
            where, page = self.fetch(urllib.parse.urljoin(where, action or where), fields)
        raise RuntimeError(f"the provider's pages never ended; the last one was {where}")


def _first_form(page: str) -> tuple[str, dict[str, str]] | None:
    found = re.search(r"<form([^>]*)>(.*?)</form>", page, re.S)
    if not found:
        return None
    action = re.search(r'action="([^"]*)"', found[1])
    fields = {}
    for control in re.finditer(r"<(?:input|button)([^>]*)>", found[2]):
        if name := re.search(r'name="([^"]*)"', control[1]):
            value = re.search(r'value="([^"]*)"', control[1])
            fields[name[1]] = html.unescape(value[1]) if value else ""
    return html.unescape(action[1]) if action else "", fields


def device_flow(issuer: str, ca_file: str, person: str, algorithm: str, more_scope: str = "") -> dict:
    """RFC 8628 from end to end; the token endpoint's answer."""
    browser = Browser(ca_file)
    found = browser.json(f"{issuer}/.well-known/openid-configuration")
    started = browser.json(found["device_authorization_endpoint"], {
        "client_id": "latchkey", "scope": f"openid profile email groups login {more_scope}".strip(),
        "resource": f"urn:hosts:{algorithm}"})
    browser.approve(started["verification_uri_complete"], person)
    return browser.json(found["token_endpoint"], {
        "grant_type": DEVICE_GRANT, "client_id": "latchkey", "device_code": started["device_code"]})
