using System.CommandLine;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist version`: the same as `kist --version`.</summary>
internal static class VersionCommand
{
    /// <summary>The version of this program, such as <c>1.2.3</c>.</summary>
    public static string Number => typeof(VersionCommand).Assembly.GetName().Version!.ToString(3);

    public static Command Create() =>
        new KistCommand("version", "Show version information")
        {
            Examples = ["kist version"],
        }.Does((session, _) =>
        {
            if (session.Json)
            {
                using var body = new JsonBody().With("version", Number);
                session.Screen.Line(body.Close());
            }
            else session.Screen.Line("kist " + Number);
            return 0;
        });
}
