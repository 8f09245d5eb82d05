using System.Text;
using Kist.Cli.Output;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Cli.Age;

/// <summary>Makes key files and turns them into recipients, as age-keygen does.</summary>
internal static class AgeKeygen
{
    public static int Generate(Session session, string? output, bool postQuantum)
    {
        using var secret = new SecretWriter(128);
        string recipient;
        if (postQuantum)
        {
            using var identity = HybridIdentity.Generate();
            identity.Write(secret);
            recipient = identity.Recipient.ToString();
        }
        else
        {
            using var identity = X25519Identity.Generate();
            identity.Write(secret);
            recipient = identity.Recipient.ToString();
        }
        var created = TimeProvider.System.GetLocalNow().ToString("yyyy-MM-ddTHH:mm:ssK", null);
        using var text = new SecretWriter(4096);
        text.Write(Encoding.ASCII.GetBytes($"# created: {created}\n# public key: {recipient}\n"));
        text.Write(secret.WrittenSpan);
        text.Write("\n"u8);
        if (output is not null)
        {
            if (WriteNew(output, text.WrittenSpan, secret: true) is { } problem) return session.Fail(problem);
        }
        else if (!session.Json) session.Screen.Write(text.WrittenSpan);
        if (session.Json) return PrintJson(session, created, recipient, output, secret);
        if (output is not null || !session.Screen.OutputIsTerminal) session.Screen.Ask($"Public key: {recipient}\n");
        return 0;
    }

    /// <summary>Prints the recipients that belong to the identities of a file.</summary>
    public static int Convert(Session session, string? input, string? output)
    {
        if (AgeKeys.Read(input ?? "-", "identity file", out var content) is { } unread) return session.Fail(unread);
        using var read = content;
        var name = input is null or "-" ? "standard input" : input;
        var host = TerminalHost.Create(session.Screen, null);
        if (!AgeIdentity.ParseFile(content.WrittenSpan, name, host).Try(out var identities, out var fault))
            return session.Fail(AgeKeys.Wrong(fault));
        var lines = new List<string>();
        foreach (var identity in identities)
        {
            using var own = identity;
            if (!identity.Recipients().Try(out var recipients, out fault)) return session.Fail(AgeKeys.Wrong(fault));
            foreach (var recipient in recipients)
            {
                if (recipient is PluginRecipient)
                    return session.Fail(new Problem("only its plug-in knows the recipient of a plug-in's identity",
                        "the plug-in prints it when it makes the identity"));
                lines.Add(recipient.ToString()!);
            }
        }
        if (session.Json) return PrintJson(session, lines);
        var text = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
        if (output is not null)
            return WriteNew(output, text, secret: false) is { } problem ? session.Fail(problem) : 0;
        session.Screen.Write(text);
        return 0;
    }

    // A key that is there already is never replaced: somebody may have encrypted to it.
    private static Problem? WriteNew(string path, ReadOnlySpan<byte> text, bool secret)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (secret && !OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(text);
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return File.Exists(path)
                ? new Problem($"{path} is there already, and keys are not overwritten", "-o another file")
                : new Problem($"{path} cannot be written: {e.Message.TrimEnd('.')}");
        }
    }

    private static int PrintJson(
        Session session, string created, string recipient, string? output, SecretWriter secret)
    {
        using var body = new JsonBody();
        body.With("created", created).With("public_key", recipient).With("file", output);
        if (output is null) body.With("private_key", secret.WrittenSpan);
        session.Screen.Line(body.Close());
        return 0;
    }

    private static int PrintJson(Session session, List<string> lines)
    {
        using var body = new JsonBody();
        session.Screen.Line(body.With("public_keys", lines.ToArray()).Close());
        return 0;
    }
}
