// As FastAPI starts it. Tokens stay in this page's memory: `persistAuthorization` is off.
const here = (path) => new URL(path, document.baseURI).href;
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: here("openapi.json"),
  oauth2RedirectUrl: here("docs/oauth2-redirect"),
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
});
