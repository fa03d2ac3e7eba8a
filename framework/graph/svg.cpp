#include "framework/graph/picture.h"
#include "framework/graph/scene.h"

#include <algorithm>
#include <cstdio>

namespace gradus {
namespace scene {
namespace {

constexpr double kColumn = 0.61;  // of the font size: the width of a monospaced character
constexpr double kLine = 1.35;    // of the font size
constexpr double kPad = 12;
constexpr double kLabelSize = 11.5;

double font_size(std::string_view role) {
  return role == "title" ? 14 : role == "head" ? 10.5 : 12;
}

struct Size {
  double width = 0;
  double height = 0;
};

Size size_of(const std::vector<TextLine>& lines) {
  Size size;
  for (const TextLine& line : lines) {
    const double font = font_size(line.role);
    size.width = std::max(size.width, text::columns(line.text) * font * kColumn);
    size.height += font * kLine;
  }
  return {std::max(90.0, size.width + 2 * kPad), size.height + 1.2 * kPad};
}

std::string fixed(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

std::string text_at(double x, double y, std::string_view role, const std::string& text) {
  return "<text class=\"" + std::string(role) + "\" x=\"" + fixed(x) + "\" y=\"" + fixed(y) +
         "\">" + escape_xml(text) + "</text>";
}

std::string draw_node(const Scene& scene, const Graph::Node& node, const layout::Box& box) {
  const double left = box.x - box.width / 2;
  double y = box.y - box.height / 2;
  std::string result = "<g class=\"node " + std::string(kind_name(node.kind)) +
                       (node.is_output ? " output" : "") + "\" id=\"n" + std::to_string(node.id) +
                       "\"><title>" + escape_xml(scene.writer().forward(node)) +
                       "</title><rect x=\"" + fixed(left) + "\" y=\"" + fixed(y) + "\" width=\"" +
                       fixed(box.width) + "\" height=\"" + fixed(box.height) + "\" rx=\"8\"/>";
  y += 0.4 * kPad;
  for (const TextLine& line : scene.lines(node)) {
    const double font = font_size(line.role);
    y += font * kLine;
    result += text_at(box.x, y - 0.2 * font, line.role, line.text);
  }
  return result + "</g>\n";
}

std::string draw_edge(const Scene& scene, std::size_t place, const layout::Line& line) {
  const Graph::Edge& edge = scene.graph().edges[place];
  std::string result = "<g class=\"edge\" id=\"e" + std::to_string(place) + "\"><path d=\"" +
                       line.path + "\" marker-end=\"url(#arrow)\"/>";
  const std::vector<std::string> lines = scene.label(edge);
  if (!lines.empty()) {
    result += "<g class=\"rule\"><title>" + escape_xml(scene.writer().rule(edge)) +
              "</title><rect x=\"" + fixed(line.label_x - line.label_width / 2) + "\" y=\"" +
              fixed(line.label_y - line.label_height / 2) + "\" width=\"" +
              fixed(line.label_width) + "\" height=\"" + fixed(line.label_height) + "\" rx=\"4\"/>";
    double y = line.label_y - static_cast<double>(lines.size()) * kLabelSize * kLine / 2;
    for (const std::string& text : lines) {
      y += kLabelSize * kLine;
      result += text_at(line.label_x, y - 0.35 * kLabelSize, "label", text);
    }
    result += "</g>";
  }
  return result + "</g>\n";
}

layout::Drawing arranged(const Scene& scene) {
  const Graph& graph = scene.graph();
  layout::Drawing drawing;
  std::vector<std::size_t> box(graph.nodes.size());
  for (const std::size_t id : scene.nodes()) {
    box[id] = drawing.boxes.size();
    const Size size = size_of(scene.lines(graph.nodes[id]));
    drawing.boxes.push_back({size.width, size.height});
  }
  for (const std::size_t e : scene.edges()) {
    const Graph::Edge& edge = graph.edges[e];
    layout::Line line;
    line.from = box[edge.from];
    line.to = box[edge.to];
    line.is_main = graph.nodes[edge.from].kind == Graph::Kind::Op;
    const std::vector<std::string> lines = scene.label(edge);
    int columns = 0;
    for (const std::string& text : lines) columns = std::max(columns, text::columns(text));
    if (!lines.empty()) line.label_width = columns * kLabelSize * kColumn + kPad;
    line.label_height = static_cast<double>(lines.size()) * kLabelSize * kLine;
    drawing.lines.push_back(std::move(line));
  }
  layout::arrange(drawing);
  return drawing;
}

// Plain colours, for programs that know little of CSS.
constexpr const char* kStyle = R"(<style>
svg{background:#fff;font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
text{text-anchor:middle;fill:#1c2430;white-space:pre}
.node rect{fill:#f4f6f9;stroke:#8a97a8;stroke-width:1.2}
.leaf rect{fill:#e4f5e9;stroke:#2f9257}.parameter rect{fill:#fff1d6;stroke:#c47f0a;stroke-width:2}
.constant rect{fill:#fff;stroke:#8a97a8;stroke-dasharray:5 3}
.output rect{fill:#e3eefc;stroke:#2467c4;stroke-width:2}
.head{font-size:10.5px;fill:#5b6878}.title{font-size:14px;font-weight:600}
.shape{font-size:12px;fill:#5b6878}.value{font-size:12px}.gradient{font-size:12px;fill:#b3261e}
.update{font-size:12px;fill:#94610a}.label{font-size:11.5px;fill:#b3261e}
.edge path{fill:none;stroke:#8a97a8;stroke-width:1.4}.rule rect{fill:#fff}
@media(prefers-color-scheme:dark){svg{background:#12161c}text{fill:#e4e9f0}
.node rect{fill:#1e2530;stroke:#67758a}.leaf rect{fill:#16301f;stroke:#4cb87a}
.parameter rect{fill:#382a0d;stroke:#e0a030}.constant rect{fill:#12161c}
.output rect{fill:#15294a;stroke:#66a3f5}.head,.shape{fill:#9aa7b8}
.gradient,.label{fill:#ff8a80}.update{fill:#f0bd5a}.rule rect{fill:#12161c}}
</style>
)";

}  // namespace

Svg draw(const Scene& scene) {
  const layout::Drawing drawing = arranged(scene);
  Svg svg;
  svg.width = drawing.width;
  svg.height = drawing.height;
  svg.content =
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto-start-reverse\"><path d=\"M0 0L8 4L0 8z\" "
      "fill=\"context-stroke\"/></marker></defs>\n";
  for (std::size_t i = 0; i < scene.edges().size(); ++i) {
    svg.content += draw_edge(scene, scene.edges()[i], drawing.lines[i]);
  }
  for (std::size_t i = 0; i < scene.nodes().size(); ++i) {
    svg.content += draw_node(scene, scene.graph().nodes[scene.nodes()[i]], drawing.boxes[i]);
  }
  return svg;
}

}  // namespace scene

std::string to_svg(const Graph& graph) {
  const scene::Svg svg = scene::draw(scene::Scene(graph));
  const std::string width = scene::fixed(svg.width);
  const std::string height = scene::fixed(svg.height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
         "\" viewBox=\"0 0 " + width + " " + height + "\">\n" + scene::kStyle + svg.content +
         "</svg>\n";
}

}  // namespace gradus
