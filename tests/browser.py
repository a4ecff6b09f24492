"""Tests /docs in Chromium: the work of `make browser-test`.

Somebody authorises as johndoe and tries the routes, as on FastAPI's page: at the root of a domain,
and behind a stage. No request may go to another machine, and the page's Content-Security-Policy may
refuse none. Then a page on another port logs in and reads /users/me/, as CORS_ORIGINS lets it.
"""
import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as the
from selenium.webdriver.support.ui import WebDriverWait

from service import ROOT, start, stop

STAGE = "/prod"
SECONDS = 30


class Stage(BaseHTTPRequestHandler):
    """A gateway whose stage comes before every path."""

    service = None

    def forward(self):
        length = int(self.headers.get("content-length") or 0)
        assert self.path.startswith(STAGE + "/"), self.path
        request = urllib.request.Request(
            self.service + self.path.removeprefix(STAGE), self.rfile.read(length) or None, dict(self.headers), method=self.command
        )
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "date"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = forward

    def log_message(self, *arguments):
        pass


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = which("chromium")
    # The arguments of the second line keep Chromium from sending requests to Google.
    for argument in (
        "--headless", "--disable-gpu", "--window-size=1000,1100",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(which("chromedriver")))


class Page:
    def __init__(self, driver, url):
        self.driver = driver
        self.wait = WebDriverWait(driver, SECONDS)
        driver.get(url)

    def find(self, selector):
        return self.wait.until(the.visibility_of_element_located((By.CSS_SELECTOR, selector)))

    def click(self, selector):
        self.wait.until(the.element_to_be_clickable((By.CSS_SELECTOR, selector))).click()

    def authorise(self, scopes, screenshot=None, client=()):
        """Logs in with the dialog of the Authorize button, after a log-out if somebody is logged in."""
        self.click(".btn.authorize")
        self.find(".modal-ux")
        if self.driver.find_elements(By.XPATH, "//button[text()='Logout']"):
            self.driver.find_element(By.XPATH, "//button[text()='Logout']").click()
        for field, value in {"#oauth_username": "johndoe", "#oauth_password": "secret", **dict(client)}.items():
            self.find(field).clear()
            self.find(field).send_keys(value)
        self.tick(scopes)
        if screenshot:
            self.photograph(screenshot)
        self.click(".modal-ux .auth-container:has(#oauth_username) .auth.authorize")
        self.wait.until(the.visibility_of_element_located((By.XPATH, "//button[text()='Logout']")))
        self.click(".modal-ux .btn-done")

    def photograph(self, path):
        """Writes a picture of the whole dialog: Swagger UI shows 540 pixels of its height, and scrolls the rest."""
        dialog = self.find(".modal-ux")
        cut = self.driver.execute_script(
            """const [dialog] = arguments, content = dialog.querySelector(".modal-ux-content");
               dialog.style.maxWidth = "700px";
               content.style.maxHeight = "none";
               const {top, bottom, left, right} = dialog.getBoundingClientRect();
               return content.scrollHeight > content.clientHeight
                 || top < 0 || bottom > innerHeight || left < 0 || right > innerWidth;""",
            dialog,
        )
        assert not cut, "the picture would not show all of the dialog"
        for button in ("authorize", "btn-done"):
            self.find(f".modal-ux .auth-btn-wrapper .{button}")
        dialog.screenshot(path)

    def tick(self, scopes):
        boxes = self.driver.find_elements(By.CSS_SELECTOR, ".modal-ux .scopes input[type=checkbox]")
        names = {box: box.get_attribute("data-value") for box in boxes}
        assert set(names.values()) >= {"me", "items"}, names
        for box, name in names.items():
            if box.is_selected() != (name in scopes):
                self.driver.find_element(By.CSS_SELECTOR, f"label[for='{box.get_attribute('id')}']").click()

    def execute(self, operation):
        """Tries a route; returns the answer's status and body."""
        block = f"#operations-default-{operation}"
        if not self.driver.find_elements(By.CSS_SELECTOR, f"{block} .opblock-body"):
            self.click(f"{block} .opblock-summary-control")
            self.click(f"{block} .try-out__btn")
        else:
            self.click(f"{block} .btn-clear")
        self.click(f"{block} .execute")
        status = self.find(f"{block} .live-responses-table .response .response-col_status").text
        body = self.find(f"{block} .live-responses-table .response .highlight-code").text
        return int(status.split()[0]), body


def try_it(driver, base, screenshot=None):
    page = Page(driver, f"{base}/docs")
    page.authorise(["me"], screenshot)
    status, body = page.execute("users-me")
    print(f"GET {base}/users/me/ with me: {status}", " ".join(body.split()))
    assert status == 200 and "John Doe" in body
    status, body = page.execute("users-me-items")
    print(f"GET {base}/users/me/items/ with me: {status}", " ".join(body.split()))
    assert status == 401 and "Not enough permissions" in body
    page.authorise(["me", "items"])
    status, body = page.execute("users-me-items")
    print(f"GET {base}/users/me/items/ with me and items: {status}", " ".join(body.split()))
    assert status == 200 and "Foo" in body
    assert driver.current_url == f"{base}/docs#/default/users-me-items", driver.current_url


def try_clients(driver, base):
    """The dialog's fields for the client work where clients are checked: as it sends them, in the header."""
    page = Page(driver, f"{base}/docs")
    for name, secret in {"c_web": "", "c_example": "cs_for-development-only"}.items():
        page.authorise(["me"], client={"#client_id_password": name, "#client_secret_password": secret})
        status, body = page.execute("users-me")
        print(f"GET {base}/users/me/ as the client {name}: {status}", " ".join(body.split()))
        assert status == 200 and "John Doe" in body


class Empty(BaseHTTPRequestHandler):
    """A page of one's own, on a port of its own."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *arguments):
        pass


# Logs in and reads a route: its status, its body, and the challenge.
FROM_ANOTHER_PAGE = """
    const [api, path, done] = arguments;
    const read = async () => {
      const form = new URLSearchParams({username: "johndoe", password: "secret", scope: "me"});
      const login = await fetch(`${api}/token`, {method: "POST", body: form});
      const token = (await login.json()).access_token;
      const answer = await fetch(`${api}${path}`, {headers: {Authorization: `Bearer ${token}`}});
      return [answer.status, await answer.text(), answer.headers.get("www-authenticate")];
    };
    read().then(done, (error) => done(String(error)));
"""


def try_another_page(driver, api, page, listed):
    driver.get(page)
    for path, expected in [("/users/me/", 200), ("/users/me/items/", 401)]:
        seen = driver.execute_async_script(FROM_ANOTHER_PAGE, api, path)
        print(f"a page of {page} logs in and reads {path}: {seen}")
        if listed:
            assert seen[0] == expected and (seen[2] is None or "items me" in seen[2]), seen
        else:
            assert seen == "TypeError: Failed to fetch", seen


def check_redirect_page(driver, base):
    """The redirect page must hand the token in its address to the page that opened it."""
    page = Page(driver, f"{base}/docs")
    driver.execute_script(
        """window.swaggerUIRedirectOauth2 = {
             state: "a state", auth: {schema: {get: () => "implicit"}}, callback: (told) => { window.told = told.token; },
           };
           window.open(arguments[0] + "/docs/oauth2-redirect#access_token=a-token&state=a%20state");""",
        base,
    )
    told = page.wait.until(lambda driver: driver.execute_script("return window.told"))
    assert told["access_token"] == "a-token", told


def check_requests(driver, bases):
    """Every request went to the service."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    elsewhere = [url for url in urls if not url.startswith((*bases, "data:"))]
    assert urls and not elsewhere, elsewhere
    print(f"{len(urls)} requests, none to another machine")


def check_console(driver):
    """The console must show the expected 401s only: it would show what the Content-Security-Policy refuses."""
    messages = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert messages, "the 401s at least"
    unexpected = [message for message in messages if "status of 401" not in message]
    assert not unexpected, unexpected


def main():
    dev, service, _ = start()
    Stage.service = service
    gateway = ThreadingHTTPServer(("127.0.0.1", 0), Stage)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    staged = f"http://127.0.0.1:{gateway.server_port}{STAGE}"
    driver = browser()
    try:
        try_it(driver, service, str(ROOT / "docs/authorize.png"))
        try_it(driver, staged)
        check_console(driver)
        check_redirect_page(driver, service)
        check_requests(driver, [f"{service}/", f"{staged}/"])
    finally:
        driver.quit()
        gateway.shutdown()
        stop(dev, service)

    own = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=own.serve_forever, daemon=True).start()
    page = f"http://127.0.0.1:{own.server_port}"
    dev, service, _ = start(CLIENTS="check", REFRESH_IDLE_DAYS="30", CORS_ORIGINS=page)
    driver = browser()
    try:
        try_clients(driver, service)
        try_another_page(driver, service, f"{page}/", listed=True)
        # The same page under a name that is not listed is another origin.
        try_another_page(driver, service, f"http://localhost:{own.server_port}/", listed=False)
    finally:
        driver.quit()
        own.shutdown()
        stop(dev, service)


if __name__ == "__main__":
    main()
