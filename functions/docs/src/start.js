// As FastAPI starts it. Tokens stay in this page's memory: `persistAuthorization` is off.
const here = document.currentScript.src;
const openapi = new URL("../openapi.json", here).href;
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: openapi,
  oauth2RedirectUrl: new URL("oauth2-redirect", here).href,
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  // The document names no server, so its paths would begin at the host. Below a gateway's stage they do not.
  responseInterceptor: (answer) => {
    const server = new URL("..", here);
    if (answer.url === openapi && server.pathname !== "/") {
      const api = { ...JSON.parse(answer.text), servers: [{ url: server.href }] };
      answer.text = JSON.stringify(api);
    }
    return answer;
  },
});
