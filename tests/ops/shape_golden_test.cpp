// Views and rearrangements against PyTorch.
#include "framework/ops/shape.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::shape_of;
using golden::Tensors;

using Numbers = std::vector<std::int64_t>;

Tensor part(const Tensors& in, const Json& attrs) {
  return slice(in[0], attrs["dim"], attrs["start"], attrs["end"], attrs["step"]);
}

Tensor squeezed(const Tensors& in, const Json& attrs) {
  return attrs.contains("dim") ? squeeze(in[0], attrs["dim"].get<int>()) : squeeze(in[0]);
}

Tensor moved(const Tensors& in, const Json& attrs) {
  return movedim(in[0], shape_of(attrs["source"]), shape_of(attrs["destination"]));
}

Tensor split_part(const Tensors& in, const Json& attrs) {
  const Json& size = attrs["size"];
  const std::vector<Tensor> parts =
      size.is_array() ? split(in[0], size.get<Numbers>(), attrs["dim"].get<int>())
                      : split(in[0], size.get<std::int64_t>(), attrs["dim"].get<int>());
  return parts.at(attrs["part"]);
}

Tensor grid(const Tensors& in, const Json& attrs) {
  const auto indexing = attrs["indexing"] == "xy" ? MeshIndexing::XY : MeshIndexing::IJ;
  return meshgrid(in, indexing).at(attrs["part"]);
}

Tensor padded(const Tensors& in, const Json& attrs) {
  const std::map<std::string, PadMode> modes = {{"constant", PadMode::Constant},
                                                {"reflect", PadMode::Reflect},
                                                {"replicate", PadMode::Replicate},
                                                {"circular", PadMode::Circular}};
  return pad(in[0], attrs["pad"].get<Numbers>(), modes.at(attrs.value("mode", "constant")),
             attrs.value("value", 0.0));
}

Shape shape_or_number(const Json& json) {
  return json.is_array() ? shape_of(json) : Shape{json.get<std::int64_t>()};
}

Tensor rolled(const Tensors& in, const Json& attrs) {
  return roll(in[0], shape_or_number(attrs["shifts"]),
              shape_of(attrs.value("dims", Json::array())));
}

Tensor interleaved(const Tensors& in, const Json& attrs) {
  std::optional<int> dim;
  if (attrs.contains("dim")) dim = attrs["dim"].get<int>();
  const Json& repeats = attrs["repeats"];
  if (repeats.is_array()) return repeat_interleave(in[0], tensor(repeats.get<Numbers>()), dim);
  return repeat_interleave(in[0], repeats.get<std::int64_t>(), dim);
}

const Calls kCalls = {
    {"reshape", [](auto& in, auto& a) { return reshape(in[0], shape_of(a["shape"])); }},
    {"view", [](auto& in, auto& a) { return view(in[0], shape_of(a["shape"])); }},
    {"flatten",
     [](auto& in, auto& a) {
       return flatten(in[0], a.value("start_dim", 0), a.value("end_dim", -1));
     }},
    {"unflatten",
     [](auto& in, auto& a) { return unflatten(in[0], a["dim"], shape_of(a["sizes"])); }},
    {"ravel", golden::unary<ravel>},
    {"transpose", [](auto& in, auto& a) { return transpose(in[0], a["dim0"], a["dim1"]); }},
    {"swapaxes", [](auto& in, auto& a) { return swapaxes(in[0], a["axis0"], a["axis1"]); }},
    {"t", golden::unary<t>},
    {"permute", [](auto& in, auto& a) { return permute(in[0], shape_of(a["dims"])); }},
    {"movedim", moved},
    {"expand", [](auto& in, auto& a) { return expand(in[0], shape_of(a["shape"])); }},
    {"expand_as", [](auto& in, auto&) { return expand_as(in[0], in[1]); }},
    {"broadcast_to", [](auto& in, auto& a) { return broadcast_to(in[0], shape_of(a["shape"])); }},
    {"broadcast_tensors", [](auto& in, auto& a) { return broadcast_tensors(in).at(a["part"]); }},
    {"squeeze", squeezed},
    {"unsqueeze", [](auto& in, auto& a) { return unsqueeze(in[0], a["dim"]); }},
    {"slice", part},
    {"narrow", [](auto& in, auto& a) { return narrow(in[0], a["dim"], a["start"], a["length"]); }},
    {"select", [](auto& in, auto& a) { return select(in[0], a["dim"], a["index"]); }},
    {"diagonal",
     [](auto& in, auto& a) {
       return diagonal(in[0], a.value("offset", 0), a.value("dim1", 0), a.value("dim2", 1));
     }},
    {"unfold", [](auto& in, auto& a) { return unfold(in[0], a["dim"], a["size"], a["step"]); }},
    {"cat", [](auto& in, auto& a) { return cat(in, a["dim"]); }},
    {"stack", [](auto& in, auto& a) { return stack(in, a["dim"]); }},
    {"hstack", [](auto& in, auto&) { return hstack(in); }},
    {"vstack", [](auto& in, auto&) { return vstack(in); }},
    {"split", split_part},
    {"chunk", [](auto& in, auto& a) { return chunk(in[0], a["chunks"], a["dim"]).at(a["part"]); }},
    {"unbind", [](auto& in, auto& a) { return unbind(in[0], a["dim"]).at(a["part"]); }},
    {"meshgrid", grid},
    {"pad", padded},
    {"flip", [](auto& in, auto& a) { return flip(in[0], shape_of(a["dims"])); }},
    {"roll", rolled},
    {"rot90", [](auto& in, auto& a) { return rot90(in[0], a["k"], shape_of(a["dims"])); }},
    {"tril", [](auto& in, auto& a) { return tril(in[0], a.value("diagonal", 0)); }},
    {"triu", [](auto& in, auto& a) { return triu(in[0], a.value("diagonal", 0)); }},
    {"diag", [](auto& in, auto& a) { return diag(in[0], a.value("diagonal", 0)); }},
    {"diag_embed",
     [](auto& in, auto& a) {
       return diag_embed(in[0], a.value("offset", 0), a.value("dim1", -2), a.value("dim2", -1));
     }},
    {"repeat", [](auto& in, auto& a) { return repeat(in[0], shape_of(a["repeats"])); }},
    {"tile", [](auto& in, auto& a) { return tile(in[0], shape_of(a["repeats"])); }},
    {"repeat_interleave", interleaved},
};

const bool kRegistered = golden::register_cases("shape", kCalls);

}  // namespace
}  // namespace gradus
