#include "framework/train/chart.h"
#include "framework/kernels/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gradus {
namespace {

constexpr double kWidth = 250;  // of a panel's axes
constexpr double kHeight = 220;
constexpr double kLeft = 64;  // of the first panel
constexpr double kGap = 56;   // between panels
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

// A logarithmic axis over whole powers of its base.
struct Axis {
  double low = 0;  // exponents
  double high = 1;
  double base;

  Axis(double least, double most, double of)
      : low(std::floor(std::log(least) / std::log(of) + 1e-9)),
        high(std::ceil(std::log(most) / std::log(of) - 1e-9)),
        base(of) {
    high = std::max(high, low + 1);
  }
  [[nodiscard]] double place(double value) const {
    return (std::log(value) / std::log(base) - low) / (high - low);
  }
};

Axis axis_over(const std::vector<const ChartPanel*>& panels, bool of_x, double base) {
  double least = HUGE_VAL;
  double most = 0;
  for (const ChartPanel* panel : panels) {
    for (const ChartLine& each : panel->lines) {
      for (const auto& [x, y] : each.points) {
        if (!(x > 0) || !(y > 0) || !std::isfinite(x) || !std::isfinite(y)) {
          throw ValueError("draw_chart: a point of \"" + each.name + "\" has no logarithm");
        }
        least = std::min(least, of_x ? x : y);
        most = std::max(most, of_x ? x : y);
      }
    }
  }
  return most > 0 ? Axis(least, most, base) : Axis(1, base, base);
}

std::string draw_panel(const ChartPanel& panel, const Axis& x_axis, const Axis& y_axis,
                       double left) {
  const auto across = [&](double value) { return left + kWidth * x_axis.place(value); };
  const auto down = [&](double value) { return kTop + kHeight * (1 - y_axis.place(value)); };
  std::string out = text(left + kWidth / 2, kTop - 10, "middle", panel.title, " class=\"panel\"");
  for (double e = x_axis.low; e <= x_axis.high; ++e) {
    const double value = std::pow(x_axis.base, e);
    out += line(across(value), kTop, across(value), kTop + kHeight);
    out += text(across(value), kTop + kHeight + 16, "middle", tick(value));
  }
  for (double e = y_axis.low; e <= y_axis.high; ++e) {
    const double value = std::pow(y_axis.base, e);
    out += line(left, down(value), left + kWidth, down(value));
    out += text(left - 6, down(value) + 4, "end", tick(value));
  }
  out += "<rect class=\"axes\" x=\"" + number(left) + "\" y=\"" + number(kTop) + "\" width=\"" +
         number(kWidth) + "\" height=\"" + number(kHeight) + "\"/>\n";
  out += text(left + kWidth / 2, kTop + kHeight + 36, "middle", panel.x_label);
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
                       const std::vector<ChartPanel>& panels) {
  std::vector<const ChartPanel*> all;
  for (const ChartPanel& each : panels) all.push_back(&each);
  const Axis y_axis = axis_over(all, false, 10);
  const auto count = static_cast<double>(panels.size());
  const double width = kLeft + count * kWidth + (count - 1) * kGap + 24;
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
    const Axis x_axis = axis_over({each}, true, 4);
    out += draw_panel(*each, x_axis, y_axis, left);
    left += kWidth + kGap;
  }
  return out + "</svg>\n";
}

}  // namespace gradus
