#include "cli/argument_options.h"

#include <CLI/CLI.hpp>

namespace miko::cli {

void add_argument_options(CLI::App& command, std::vector<std::string>& words,
                          ArgumentWords& arguments) {
  command
      .add_option("words", words,
                  "SERVICE METHOD or SERVICE.METHOD, then arguments:\n"
                  "KEY=TEXT, KEY:=JSON, KEY=@FILE, KEY:=@FILE, =TEXT, :=JSON")
      ->option_text("SERVICE METHOD [ITEM...]");
  command
      .add_option("--args", arguments.args,
                  "JSON array: positional arguments, JSON object: keyword arguments; @FILE, @- "
                  "for standard input")
      ->option_text("JSON");
  command
      .add_option("--kwargs", arguments.kwargs,
                  "JSON object: keyword arguments beside --args '[...]'")
      ->option_text("JSON");
  command.add_option("-H,--header", arguments.headers, "AMQP header of the request")
      ->option_text("NAME:TEXT")
      ->expected(1)
      ->take_all();
  command
      .add_option("--ctx", arguments.context,
                  "Nameko context data: KEY=TEXT or KEY:=JSON, sent as header nameko.KEY")
      ->option_text("ITEM")
      ->expected(1)
      ->take_all();
}

}  // namespace miko::cli
