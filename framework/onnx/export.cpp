#include "framework/onnx/export.h"
#include "framework/autograd/grad_mode.h"
#include "framework/onnx/translation.h"

namespace gradus::onnx {
namespace {

std::string translate(const Call& call, Names& names, Writer& writer) {
  Translation translation(call, names, writer);
  const auto rule = rules().find(call.op);
  if (rule == rules().end()) translation.refuse("there is no rule for this op");
  if (!call.is_described) translation.refuse("the op does not describe its settings");
  writer.set_prefix(call.module);
  const std::string name = rule->second(translation);
  const Value& result = names.program->values[call.output];
  if (translation.has_sizes()) writer.describe(name, result.sizes, result.dtype);
  return name;
}

}  // namespace

std::string export_model(nn::Module& model, const Tensor& examples, const Facts& facts) {
  const NoGradGuard no_grad;
  const Program program = record(model, examples);
  const Value& input = program.values[program.input];
  Writer writer(input.sizes, input.dtype);
  Names names{&program, std::vector<std::string>(program.values.size())};
  names.names[program.input] = "input";
  for (const Call& call : program.calls) {
    names.names[call.output] = translate(call, names, writer);
  }
  const Value& output = program.values[program.output];
  if (output.kind == Value::Kind::Constant) {
    throw ValueError("the model's output does not depend on its input");
  }
  std::string& last = names.names[program.output];
  if (last.empty()) last = writer.parameter(output.name, output.elements);
  return writer.finish(last, output.sizes, output.dtype, facts);
}

}  // namespace gradus::onnx
