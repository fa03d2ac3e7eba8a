#include "framework/train/chart.h"
#include "framework/kernels/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gradus {
namespace {

constexpr double kHeight = 220;  // of a panel's axes
constexpr double kLeft = 64;     // of the first panel
constexpr double kGap = 56;      // between panels
constexpr double kTop = 74;
constexpr double kBottom = 54;
constexpr const char* kColours[] = {"#1f5fbf", "#c2410c", "#15803d", "#7c3aed"};

constexpr const char* kStyle =
    "<style>text{font:12px sans-serif;fill:#333}.title{font-size:15px;font-weight:bold}"
    ".panel{font-weight:bold}.grid{stroke:#ddd}.axes{stroke:#888;fill:none}"
    "polyline{fill:none;stroke-width:2}</style>\n";

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

// 0.001, 10, 4096: as few digits as tell it.
std::string tick(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%g", value);
  return buffer;
}

std::string text(double x, double y, const std::string& anchor, const std::string& content,
                 const std::string& more = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\"" +
         more + ">" + content + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line class=\"grid\" x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" +
         number(x2) + "\" y2=\"" + number(y2) + "\"/>\n";
}

// An axis with lines at whole numbers, of powers of `base` or, without one, of multiples of `step`.
struct Axis {
  double low = 0;
  double high = 1;
  double base = 0;
  double step = 1;

  static Axis logarithmic(double least, double most, double base) {
    Axis axis{.base = base};
    axis.low = std::floor(axis.number_of(least) + 1e-9);
    axis.high = std::max(std::ceil(axis.number_of(most) - 1e-9), axis.low + 1);
    return axis;
  }
  static Axis linear(double least, double most) {
    least = std::min(least, 0.0);
    most = most > least ? std::max(most, 0.0) : least + 1;
    const double rough = (most - least) / 6;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    Axis axis{.step = (rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10) * power};
    axis.low = std::floor(axis.number_of(least) + 1e-9);
    axis.high = std::ceil(axis.number_of(most) - 1e-9);
    return axis;
  }
  [[nodiscard]] double number_of(double value) const {
    return base > 0 ? std::log(value) / std::log(base) : value / step;
  }
  [[nodiscard]] double value_of(double number) const {
    return base > 0 ? std::pow(base, number) : number * step;
  }
  [[nodiscard]] double place(double value) const { return (number_of(value) - low) / (high - low); }
};

void check_point(const ChartLine& line, double value, ChartScale scale) {
  const bool is_logarithmic = scale == ChartScale::Logarithmic;
  if (std::isfinite(value) && (value > 0 || !is_logarithmic)) return;
  throw ValueError("draw_chart: a point of \"" + line.name + "\" " +
                   (is_logarithmic ? "has no logarithm" : "is not finite"));
}

Axis axis_over(const std::vector<const ChartPanel*>& panels, bool of_x, ChartScale scale) {
  double least = HUGE_VAL;
  double most = -HUGE_VAL;
  for (const ChartPanel* panel : panels) {
    for (const ChartLine& each : panel->lines) {
      for (const auto& [x, y] : each.points) {
        const double value = of_x ? x : y;
        check_point(each, value, scale);
        least = std::min(least, value);
        most = std::max(most, value);
      }
    }
  }
  const double base = of_x ? 4 : 10;
  if (least > most) least = most = 1;  // there are no points
  return scale == ChartScale::Linear ? Axis::linear(least, most)
                                     : Axis::logarithmic(least, most, base);
}

std::string draw_panel(const ChartPanel& panel, const Axis& x_axis, const Axis& y_axis, double left,
                       double width) {
  const auto across = [&](double value) { return left + width * x_axis.place(value); };
  const auto down = [&](double value) { return kTop + kHeight * (1 - y_axis.place(value)); };
  std::string out = text(left + width / 2, kTop - 10, "middle", panel.title, " class=\"panel\"");
  for (double n = x_axis.low; n <= x_axis.high; ++n) {
    const double value = x_axis.value_of(n);
    out += line(across(value), kTop, across(value), kTop + kHeight);
    out += text(across(value), kTop + kHeight + 16, "middle", tick(value));
  }
  for (double n = y_axis.low; n <= y_axis.high; ++n) {
    const double value = y_axis.value_of(n);
    out += line(left, down(value), left + width, down(value));
    out += text(left - 6, down(value) + 4, "end", tick(value));
  }
  out += "<rect class=\"axes\" x=\"" + number(left) + "\" y=\"" + number(kTop) + "\" width=\"" +
         number(width) + "\" height=\"" + number(kHeight) + "\"/>\n";
  out += text(left + width / 2, kTop + kHeight + 36, "middle", panel.x_label);
  for (std::size_t i = 0; i < panel.lines.size(); ++i) {
    out += "<polyline stroke=\"" + std::string(kColours[i % std::size(kColours)]) + "\"" +
           (panel.lines[i].dashed ? " stroke-dasharray=\"5 4\"" : "") + " points=\"";
    for (const auto& [x, y] : panel.lines[i].points) {
      out += number(across(x)) + "," + number(down(y)) + " ";
    }
    out += "\"/>\n";
  }
  return out;
}

std::string legend(const ChartPanel& panel) {
  std::string out;
  double x = kLeft;
  for (std::size_t i = 0; i < panel.lines.size(); ++i) {
    const ChartLine& each = panel.lines[i];
    out += "<polyline stroke=\"" + std::string(kColours[i % std::size(kColours)]) + "\"" +
           (each.dashed ? " stroke-dasharray=\"5 4\"" : "") + " points=\"" + number(x) + ",40 " +
           number(x + 28) + ",40\"/>\n" + text(x + 34, 44, "start", each.name);
    x += 60 + 7.0 * static_cast<double>(each.name.size());
  }
  return out;
}

}  // namespace

std::string draw_chart(const std::string& title, const std::string& y_label,
                       const std::vector<ChartPanel>& panels, const ChartOptions& options) {
  std::vector<const ChartPanel*> all;
  for (const ChartPanel& each : panels) all.push_back(&each);
  const Axis y_axis = axis_over(all, false, options.scale);
  const auto count = static_cast<double>(panels.size());
  const double width = kLeft + count * options.width + (count - 1) * kGap + 24;
  const double height = kTop + kHeight + kBottom;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) +
                    " " + number(height) + "\" width=\"" + number(width) + "\" height=\"" +
                    number(height) + "\">\n" + kStyle +
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" +
                    text(kLeft, 20, "start", title, " class=\"title\"");
  if (!panels.empty()) out += legend(panels.front());
  const double middle = kTop + kHeight / 2;
  out +=
      text(16, middle, "middle", y_label, " transform=\"rotate(-90 16 " + number(middle) + ")\"");
  double left = kLeft;
  for (const ChartPanel* each : all) {
    const Axis x_axis = axis_over({each}, true, options.scale);
    out += draw_panel(*each, x_axis, y_axis, left, options.width);
    left += options.width + kGap;
  }
  return out + "</svg>\n";
}

}  // namespace gradus
