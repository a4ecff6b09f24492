// As FastAPI starts it. Tokens stay in this page's memory: `persistAuthorization` is off.
const here = document.currentScript.src;
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: new URL("../openapi.json", here).href,
  oauth2RedirectUrl: new URL("oauth2-redirect", here).href,
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
});
