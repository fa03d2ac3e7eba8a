#include "framework/graph/picture.h"
#include "framework/graph/scene.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace gradus {

// framework/graph/viewer.html, put into the library by CMake.
extern const char* const kGraphViewer;

namespace {

// JSON that no HTML parser can take for the end of its <script>.
std::string inside_script(const std::string& json) {
  std::string result;
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
      result += buffer;
    } else {
      result += c;
    }
  }
  return result;
}

std::string fill_in(std::string_view form, const std::pair<std::string_view, std::string>* fields) {
  std::string result;
  for (; !fields->first.empty(); ++fields) {
    const std::size_t at = form.find(fields->first);
    if (at == std::string_view::npos) throw StateError("the viewer has no field of that name");
    result += form.substr(0, at);
    result += fields->second;
    form.remove_prefix(at + fields->first.size());
  }
  return result + std::string(form);
}

std::string whole(double value) {
  return std::to_string(static_cast<long>(value + 1));
}

}  // namespace

std::string to_html(const Graph& graph, const std::string& title) {
  const scene::Scene scene(graph);
  const scene::Svg svg = scene::draw(scene);
  const std::string name = scene::escape_xml(text::clean(title));
  const std::pair<std::string_view, std::string> fields[] = {
      // in the order of the form
      {"{{title}}", name},
      {"{{heading}}", name},
      {"{{size}}", whole(svg.width) + " " + whole(svg.height)},
      {"{{drawing}}", svg.content},
      {"{{data}}", inside_script(to_json(graph))},
      {"", ""}};
  return fill_in(kGraphViewer, fields);
}

bool can_save_graph_as(const std::filesystem::path& path) {
  for (const char* ending : {".html", ".svg", ".dot", ".json"}) {
    if (path.extension() == ending) return true;
  }
  return false;
}

void save(const Graph& graph, const std::filesystem::path& path) {
  if (!can_save_graph_as(path)) {
    throw ValueError("a graph is saved as .html, .svg, .dot or .json, not as " +
                     path.filename().string());
  }
  const std::string ending = path.extension().string();
  const std::string content = ending == ".html"  ? to_html(graph, path.stem().string())
                              : ending == ".svg" ? to_svg(graph)
                              : ending == ".dot" ? to_dot(graph)
                                                 : to_json(graph) + "\n";
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) throw FileError("cannot write " + path.string() + ": " + std::strerror(errno));
}

}  // namespace gradus
