"""A rule that makes a C header from the sources of a Rust library."""

def _cbindgen_header_impl(ctx):
    arguments = ctx.actions.args()
    arguments.add_all([ctx.file.config, ctx.file.crate_root, ctx.outputs.out])
    ctx.actions.run(
        outputs = [ctx.outputs.out],
        inputs = ctx.files.srcs + [ctx.file.config, ctx.file.crate_root],
        executable = ctx.executable._cbindgen,
        arguments = [arguments],
        mnemonic = "Cbindgen",
        progress_message = "Writing the C header %{output}",
    )
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

cbindgen_header = rule(
    implementation = _cbindgen_header_impl,
    doc = "Writes the header of the extern \"C\" items of a Rust library.",
    attrs = {
        "config": attr.label(
            doc = "The cbindgen.toml.",
            allow_single_file = [".toml"],
            mandatory = True,
        ),
        "crate_root": attr.label(
            doc = "The library's root file, from which cbindgen follows the modules.",
            allow_single_file = [".rs"],
            mandatory = True,
        ),
        "out": attr.output(
            doc = "The header.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            doc = "The library's sources.",
            allow_files = [".rs"],
            mandatory = True,
        ),
        "_cbindgen": attr.label(
            default = "//tools/cbindgen",
            executable = True,
            cfg = "exec",
        ),
    },
)
