// What the viewer shows, and what it must not do. Its page is served with a policy that lets it speak to this host alone.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  // A link may not make it show another description.
  queryConfigEnabled: false,
  // A token is forgotten with the page.
  persistAuthorization: false,
  // No badge: that would send the description's address to a validator elsewhere.
  validatorUrl: null,
  // A link to an operation, which opens it.
  deepLinking: true,
  displayRequestDuration: true,
  // The schemas at the end: their names alone, until they are opened.
  defaultModelsExpandDepth: 0,
});
