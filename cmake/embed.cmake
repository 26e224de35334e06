# Writes OUTPUT, a C++ file that holds the completion scripts of DIRECTORY.
# Raw strings are limited to some 16 KiB by other compilers; these scripts stay below.
file(READ ${DIRECTORY}/miko.bash bash)
file(READ ${DIRECTORY}/_miko zsh)
file(READ ${DIRECTORY}/miko.fish fish)
file(WRITE ${OUTPUT} "#include \"cli/completions.h\"

namespace miko::cli {
namespace {

constexpr CompletionScript scripts[] = {
    {\"bash\", R\"embedded(${bash})embedded\"},
    {\"zsh\", R\"embedded(${zsh})embedded\"},
    {\"fish\", R\"embedded(${fish})embedded\"},
};

}  // namespace

std::span<const CompletionScript> completion_scripts() { return scripts; }

}  // namespace miko::cli
")
