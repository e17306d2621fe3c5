// The documents as a site: `npm run docs:site`. The pages are README.md and docs/ as they are in the repository, under the same paths.
import { defineConfig } from "vitepress";

/** The id of a heading, as GitHub makes it. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

const page = (text, name) => ({ text, link: `/docs/${name}` });

const sidebar = [
  {
    text: "Start",
    items: [
      { text: "What and why", link: "/" },
      page("A first punt", "first-punt"),
      page("Which type do I need?", "punt-types"),
      page("Concepts", "concepts"),
    ],
  },
  {
    text: "Punt types",
    items: [
      page("PUNT_TO_SOCKET", "types/punt-to-socket"),
      page("SPAN", "types/span"),
      page("HAIRPIN_XCONNECT", "types/hairpin-xconnect"),
      page("HAIRPIN", "types/hairpin"),
      page("ABX", "types/abx"),
      page("DHCP_PROXY", "types/dhcp-proxy"),
      page("ISISX", "types/isisx"),
      page("Fields of a request", "requests"),
    ],
  },
  {
    text: "Running it",
    items: [
      page("Operations", "operations"),
      page("The daemon", "daemon"),
      page("Its page in a browser", "page"),
      page("Containers", "containers"),
      page("Many hosts", "cluster"),
      page("Upgrading", "upgrading"),
      page("Command line", "cli"),
      { text: "Security", link: "/SECURITY" },
      page("Troubleshooting", "troubleshooting"),
    ],
  },
  {
    text: "The program's side",
    items: [
      page("Guides", "guides"),
      page("Performance", "performance"),
      page("Binary API", "binary-api"),
      page("Test your CNF", "embedded-vpp"),
      { text: "API reference", link: "/api/index.html", target: "_self" },
    ],
  },
  { text: "Moving", items: [page("From StoneWork", "stonework"), page("From linux-cp", "linux-cp")] },
  {
    text: "Contributors",
    items: [
      page("Architecture", "design"),
      page("Extending", "extending"),
      { text: "Contributing", link: "/CONTRIBUTING" },
      page("Releases of VPP", "releases"),
      page("The package", "packaging"),
      page("vpp-punt info", "info"),
      { text: "Changelog", link: "/CHANGELOG" },
    ],
  },
];

export default defineConfig({
  title: "vpp-punt",
  description: "Punts of FD.io VPP for Node.js",
  lang: "en",
  // Without this icon, browsers request `/favicon.ico`, which the site does not have.
  head: [["link", { rel: "icon", href: "data:," }]],
  srcDir: "..",
  srcExclude: ["{benchmarks,build,deploy,dist,entries,examples,lib,native,page,proto,scripts,test}/**"],
  outDir: "../dist/site",
  cacheDir: "../dist/.vitepress",
  base: process.env.SITE_BASE ?? "/",
  rewrites: { "README.md": "index.md" },
  // scripts/site.mjs checks the links of the finished site, also those to files other than pages.
  ignoreDeadLinks: true,
  markdown: { anchor: { slugify }, toc: { slugify } },
  vite: { publicDir: false },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      page("First punt", "first-punt"),
      page("Types", "punt-types"),
      page("Troubleshooting", "troubleshooting"),
      { text: "API", link: "/api/index.html", target: "_self" },
    ],
    sidebar,
  },
});
