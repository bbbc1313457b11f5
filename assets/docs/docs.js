// The configuration of the viewer. The page's Content-Security-Policy allows connections only to this host.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  // Ignore query parameters, so that a link cannot make the page load another document.
  queryConfigEnabled: false,
  // Keep a token only as long as the page is open.
  persistAuthorization: false,
  // No badge, which would send the document's URL to an external validator.
  validatorUrl: null,
  // Allow links to operations.
  deepLinking: true,
  displayRequestDuration: true,
  // Collapse the schemas at the end.
  defaultModelsExpandDepth: 0,
});
