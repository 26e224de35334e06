#include "cli/stubs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/json_query.h"
#include "base/text.h"
#include "cli/arguments.h"

namespace miko::cli {
namespace {

/// Where "(...)" at the front of `text` ends: behind its last bracket, outside of strings.
std::size_t end_of_parameters(std::string_view text) {
  bool in_string = false;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (in_string) {
      at += text[at] == '\\' ? 1 : 0;
      in_string = at >= text.size() || text[at] != '"';
    } else if (text[at] == '"') {
      in_string = true;
    } else if (text[at] == ')') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

Response echo(const Request& request) {
  const std::vector<JsonMember> args = json_members(request.args);
  if (args.size() == 1 && json_members(request.kwargs).empty()) {
    return {.result = std::string(args[0].value)};
  }
  return {.result = fmt::format(R"({{"args": {}, "kwargs": {}}})", request.args, request.kwargs)};
}

std::string shown_name(std::string_view name) {
  return printable(shortened(name, 60));
}

/// A part of the request by its pointer, in {"args", "kwargs", "headers", "params"}.
std::string whole(const Request& request, const StubbedMethod& method) {
  return fmt::format(
      R"({{"args": {}, "kwargs": {}, "headers": {}, "params": {}}})", request.args, request.kwargs,
      request.headers,
      method.signature ? method.signature->bind(request.args, request.kwargs) : "{}");
}

bool holds(const Condition& when, const Request& request, const StubbedMethod& method) {
  if ((when.args && !json_equal(request.args, *when.args)) ||
      (when.kwargs && !json_equal(request.kwargs, *when.kwargs))) {
    return false;
  }
  if (!when.subset && when.pointers.empty()) {
    return true;
  }
  const std::string all = whole(request, method);
  return (!when.subset || json_includes(all, *when.subset)) &&
         std::all_of(when.pointers.begin(), when.pointers.end(), [&all](const auto& one) {
           const std::optional<std::string_view> there = json_at(all, one.first);
           return there && json_equal(*there, one.second);
         });
}

Response fill(const Template& stub, const Request& request, const StubbedMethod& method) {
  const std::string all = whole(request, method);
  std::string missing;
  const std::optional<std::string> filled = json_fill(
      stub.error.value_or(stub.result),
      [&all](std::string_view pointer) { return json_at(all, pointer); }, missing);
  if (!filled) {
    return raised("builtins.LookupError",
                  fmt::format("the request has nothing at {}, which the stub of {}.{} names",
                              missing, request.service, request.method));
  }
  if (!stub.error) {
    return {.result = *filled};
  }
  const auto text = [&filled](std::string_view key) {
    const std::string_view value = json_find(*filled, key).value_or("\"\"");
    return json_type(value) == JsonType::string ? json_decode_string(value) : std::string(value);
  };
  return raised(text("type"), text("message"));
}

std::variant<Response, Program> act(const Stub& stub, const Request& request,
                                    const StubbedMethod& method) {
  if (const auto* const program = std::get_if<Program>(&stub.action)) {
    return *program;
  }
  if (const auto* const filled = std::get_if<Template>(&stub.action)) {
    return fill(*filled, request, method);
  }
  const auto* const response = std::get_if<Response>(&stub.action);
  return response != nullptr ? *response : echo(request);
}

}  // namespace

Response raised_by(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view path = text.substr(0, colon);
  if (path.empty() || path.ends_with('.')) {
    throw usage_error("there is no type of exception to raise", "write it like TYPE:MESSAGE");
  }
  return raised(path,
                colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
}

Stubs::Option Stubs::split_option(std::string_view name, std::string_view text) {
  const std::size_t name_end = text.find_first_of("(=");
  const bool has_parameters = name_end != std::string_view::npos && text[name_end] == '(';
  std::size_t end = name_end;
  if (has_parameters) {
    end = end_of_parameters(text.substr(name_end));
    end = end == std::string_view::npos ? end : end + name_end;
  }
  if (end == std::string_view::npos || end >= text.size() || text[end] != '=') {
    throw usage_error(fmt::format("{} '{}' has no '=' behind its method", name, shown_name(text)),
                      fmt::format("write it like {} METHOD=..., or METHOD(PARAMETERS)=...", name));
  }
  Option option = {.method = text.substr(0, name_end), .rest = text.substr(end + 1)};
  if (has_parameters) {
    option.signature = Signature::parse(text.substr(name_end + 1, end - name_end - 2));
  }
  return option;
}

void Stubs::add_method(std::string_view name, StubbedMethod method) {
  if (name.empty() || name.find('.') != std::string_view::npos) {
    throw usage_error(fmt::format("'{}' is not a name of a method", shown_name(name)),
                      "names of methods are not empty and have no dots");
  }
  if (!methods_.emplace(name, std::move(method)).second) {
    throw usage_error(fmt::format("method '{}' is given twice", shown_name(name)),
                      "a file of stubs may have several answers of a method");
  }
}

void Stubs::add_reply(std::string_view text, FileInput& input) {
  const Option option = split_option("--reply", text);
  std::string json(option.rest);
  if (json.starts_with('@')) {
    json = input.read(json.substr(1));
  }
  require_json("--reply", json);
  add(option, Response{.result = std::move(json)});
}

void Stubs::add_raise(std::string_view text) {
  const Option option = split_option("--raise", text);
  add(option, raised_by(option.rest));
}

void Stubs::add_program(std::string_view text) {
  const Option option = split_option("--exec", text);
  if (option.rest.find_first_not_of(" \t") == std::string_view::npos) {
    throw usage_error("--exec has no program", "write it like METHOD=PROGRAM");
  }
  add(option, Program{.command = std::string(option.rest)});
}

void Stubs::add(const Option& option, decltype(Stub::action) action) {
  add_method(option.method,
             {.signature = option.signature, .stubs = {{.action = std::move(action)}}});
}

bool Stubs::has_method(std::string_view method) const {
  return echo_others_ || methods_.contains(method);
}

Choice Stubs::choose(const Request& request) const {
  const auto found = methods_.find(request.method);
  if (found == methods_.end()) {
    return {.action = echo(request), .delay = delay_};
  }
  const StubbedMethod& method = found->second;
  if (method.signature) {
    if (const std::optional<std::string> fault =
            method.signature->fault(request.method, request.args, request.kwargs)) {
      return {.action = incorrect_signature(*fault)};
    }
  }
  for (const Stub& stub : method.stubs) {
    if (!stub.when || holds(*stub.when, request, method)) {
      return {.action = act(stub, request, method), .delay = delay_ + stub.delay};
    }
  }
  return {.action =
              raised("builtins.LookupError", fmt::format("no stub of {}.{} is for these arguments",
                                                         request.service, request.method)),
          .delay = delay_};
}

}  // namespace miko::cli
