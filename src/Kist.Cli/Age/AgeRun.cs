using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Age;

namespace Kist.Cli.Age;

/// <summary>Encrypts or decrypts one file, as age does.</summary>
internal static class AgeRun
{
    public static int Run(Session session, AgeFlags flags)
    {
        if (flags.Check() is { } wrong) return session.Fail(wrong);
        if (session.Json && flags.Output is null or "-")
            return session.Fail(new Problem("--json would come between the content", "-o FILE"));
        var toTerminal = flags.Output is null && session.Screen.OutputIsTerminal;
        if (toTerminal && !flags.Decrypt && !flags.Armor)
            return session.Fail(new Problem("binary is not written to a terminal",
                "--armor for text, -o FILE, or -o - if you mean it"));
        using var keys = new AgeKeys(flags, session.Screen);
        if ((flags.Decrypt ? keys.ReadIdentities() : keys.ReadRecipients()) is { } unread) return session.Fail(unread);
        try
        {
            using var input = Open(session, flags);
            if (toTerminal) return ToTerminal(session, flags, keys, input);
            if (flags.Output is null or "-")
            {
                using var standard = DescriptorStream.Standard(1);
                return End(session, Run(flags, keys, input, standard));
            }
            using var file = new ReplacedFile(flags.Output);
            if (Run(flags, keys, input, file) is { } fault) return session.Fail(AgeKeys.Wrong(fault));
            file.Commit();
            return session.Json ? PrintJson(session, flags.Output, file.Position) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(new Problem(e.Message.TrimEnd('.'), "check the path, its permissions and the disk"));
        }
    }

    private static AgeFault? Run(AgeFlags flags, AgeKeys keys, Stream input, Stream output) => flags.Decrypt
        ? AgeFile.Decrypt(input, output, keys.Identities)
        : AgeFile.Encrypt(input, output, keys.Recipients, flags.Armor);

    private static int ToTerminal(Session session, AgeFlags flags, AgeKeys keys, Stream input)
    {
        using var shown = new TerminalOutput(session.Screen);
        var fault = Run(flags, keys, input, shown);
        if (shown.Finish() is { } unfit) return session.Fail(unfit);
        return End(session, fault);
    }

    private static int End(Session session, AgeFault? fault) =>
        fault is null ? 0 : session.Fail(AgeKeys.Wrong(fault));

    private static Stream Open(Session session, AgeFlags flags) => new ProgressStream(
        flags.InputIsStandard ? DescriptorStream.Standard(0) : AgeKeys.OpenFile(flags.Input!), session.Screen);

    private static int PrintJson(Session session, string file, long bytes)
    {
        using var body = new JsonBody();
        session.Screen.Line(body.With("file", file).With("bytes", bytes).Close());
        return 0;
    }
}
