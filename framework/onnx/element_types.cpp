#include "framework/onnx/element_types.h"

#include <algorithm>
#include <iterator>

namespace gradus::onnx {
namespace {

constexpr ElementType kAll[] = {
    {1, "float32", "F32"},    {2, "uint8", "U8"},     {3, "int8", "I8"},
    {4, "uint16", "U16"},     {5, "int16", "I16"},    {6, "int32", "I32"},
    {7, "int64", "I64"},      {8, "string"},          {9, "bool", "BOOL"},
    {10, "float16", "F16"},   {11, "float64", "F64"}, {12, "uint32", "U32"},
    {13, "uint64"},           {14, "complex64"},      {15, "complex128"},
    {16, "bfloat16", "BF16"}, {17, "float8_e4m3fn"},  {18, "float8_e4m3fnuz"},
    {19, "float8_e5m2"},      {20, "float8_e5m2fnuz"}};

}  // namespace

const ElementType* element_type(int number) {
  const auto* found = std::find_if(std::begin(kAll), std::end(kAll),
                                   [&](const auto& each) { return each.number == number; });
  return found == std::end(kAll) ? nullptr : found;
}

int number_of(DType dtype) {
  return std::find_if(std::begin(kAll), std::end(kAll),
                      [&](const auto& each) { return each.name == name_of(dtype); })
      ->number;
}

}  // namespace gradus::onnx
