// Swagger UI where scripts/fetch-docs could get it, else a plain list of the same operations.
"use strict";

const DOCUMENT = "/api/openapi.json";

function element(name, text, children = []) {
    const e = document.createElement(name);
    if (text) e.textContent = text;
    e.append(...children);
    return e;
}

function operationRow(path, method, operation) {
    return element("tr", "", [
        element("td", "", [element("code", method.toUpperCase())]),
        element("td", "", [element("code", path)]),
        element("td", operation.summary),
    ]);
}

function plainList(api) {
    const byTag = new Map();
    for (const [path, item] of Object.entries(api.paths)) {
        for (const [method, operation] of Object.entries(item)) {
            if (!operation || !operation.responses) continue;
            const tag = (operation.tags || ["other"])[0];
            if (!byTag.has(tag)) byTag.set(tag, []);
            byTag.get(tag).push(operationRow(path, method, operation));
        }
    }
    const main = element("main", "", [
        element("h1", api.info.title),
        element("p", "A plain list: the reference page could not be fetched when this was set up."),
    ]);
    for (const [tag, rows] of [...byTag].sort()) {
        main.append(element("h2", tag), element("table", "", rows));
    }
    return main;
}

if (window.SwaggerUIBundle) {
    window.SwaggerUIBundle({
        url: DOCUMENT,
        dom_id: "#docs",
        deepLinking: true,
        validatorUrl: null,
        presets: [window.SwaggerUIBundle.presets.apis],
    });
} else {
    fetch(DOCUMENT)
        .then((reply) => reply.json())
        .then((api) => document.getElementById("docs").replaceChildren(plainList(api)))
        .catch((error) => document.getElementById("docs").append(`${DOCUMENT}: ${error.message}`));
}
