using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Kist.Cli.Output;
using Kist.Kernel.Audit;

namespace Kist.Cli;

/// <summary>`kist audit verify`: checks audit logs without the server.</summary>
internal static class AuditVerifyCommand
{
    public static KistCommand Create()
    {
        var command = new KistCommand("verify", "Check audit logs, and name the first bad entry")
        {
            Details = """
                Give the files of one sink from the oldest to the newest. The chain shows whether a line was edited,
                added, removed or moved; the signed checkpoints in it show that nobody wrote it anew. Without
                --public-key the key in the file itself is believed. What was cut off at the end shows only against
                an anchor: keep the one that this command prints somewhere else. Exit code 0: whole; 1: not, or not
                readable.
                """,
            Examples =
            [
                "kist audit verify audit.log.1 audit.log",
                "kist audit verify audit.log --public-key audit.pem --anchor 41233:9f86d0…",
            ],
        };
        var files = command.Rest("FILE", "Audit logs of one sink, oldest first", atLeastOne: true);
        var key = command.Option<string?>("--public-key", "FILE", "The key that must have signed (PEM)");
        var anchor = command.Option<string?>("--anchor", "SEQ:HASH", "A line that is known to have been written");
        return command.Does((session, parsed) => Verify(
            session, parsed.GetValue(files)!, parsed.GetValue(key), parsed.GetValue(anchor)));
    }

    private static int Verify(Session session, string[] files, string? keyFile, string? anchorText)
    {
        ChainHead? anchor = null;
        if (anchorText is not null)
        {
            if (!TryAnchor(anchorText, out var head))
                return session.Fail(new Problem("--anchor is a line's number, a colon and its hash in hex",
                    "--anchor SEQ:HASH as kist audit verify printed it"));
            anchor = head;
        }
        var reading = keyFile ?? "";
        try
        {
            var verifier = new AuditVerifier(keyFile is null ? null : File.ReadAllText(keyFile), anchor);
            foreach (var file in files)
            {
                reading = file;
                using var log = new FileStream(
                    file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                verifier.AddAsync(file, log, default).AsTask().GetAwaiter().GetResult();
            }
            return Show(session, verifier.Finish());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(e is FileNotFoundException or DirectoryNotFoundException
                ? new Problem($"there is no file {reading}", "kist audit list shows where the sinks write")
                : new Problem($"{reading} cannot be read: {e.Message.TrimEnd('.')}"));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return session.Fail(new Problem($"{reading} holds no public key in PEM form",
                "openssl x509 -pubkey -noout, or the file that the server wrote"));
        }
    }

    private static bool TryAnchor(string text, out ChainHead anchor)
    {
        anchor = default;
        var colon = text.IndexOf(':');
        if (colon < 1) return false;
        var digits = text.AsSpan(0, colon);
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) || seq < 1)
            return false;
        var hash = text[(colon + 1)..].ToLowerInvariant();
        anchor = new ChainHead(seq, hash);
        return hash.Length == 64 && !hash.AsSpan().ContainsAnyExcept("0123456789abcdef");
    }

    private static int Show(Session session, AuditVerdict verdict)
    {
        if (session.Json)
        {
            ShowJson(session, verdict);
            return verdict is { Problem: null, Lines: > 0 } ? 0 : Problem.Local;
        }
        if (verdict.Problem is { } problem)
        {
            var time = problem.Time is { } at ? $", {at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}" : "";
            return session.Fail(new Problem($"{problem.File} line {problem.Line}{time}: {problem.Reason}",
                "keep the file as it is; the lines before this one are good"));
        }
        if (verdict.Lines == 0)
            return session.Fail(new Problem("there is no line: an audit log that was written to is never empty",
                "kist audit list shows where the sinks write"));
        var lines = $"{verdict.Lines} lines are whole, {verdict.Checkpoints} of them signed checkpoints";
        session.Screen.Line(lines);
        if (verdict.FirstSequence > 1)
            session.Screen.Line($"They begin at line {verdict.FirstSequence} of the chain; older files were not given");
        session.Screen.Line(verdict.ProvenSequence == verdict.Last.Sequence
            ? "The last line is a signed checkpoint; what may have been cut off behind it shows only with --anchor"
            : $"Signatures vouch for everything up to line {verdict.ProvenSequence}; the rest is not signed yet");
        session.Screen.Line($"Anchor: {verdict.Last.Sequence}:{verdict.Last.Hash}");
        return 0;
    }

    private static void ShowJson(Session session, AuditVerdict verdict)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", verdict is { Problem: null, Lines: > 0 });
            json.WriteNumber("lines", verdict.Lines);
            json.WriteNumber("checkpoints", verdict.Checkpoints);
            json.WriteNumber("first_seq", verdict.FirstSequence);
            json.WriteNumber("last_seq", verdict.Last.Sequence);
            json.WriteString("last_hash", verdict.Last.Hash);
            json.WriteNumber("proven_seq", verdict.ProvenSequence);
            if (verdict.PublicKeyPem is { } key) json.WriteString("public_key", key);
            if (verdict.Problem is { } problem)
            {
                json.WriteStartObject("problem");
                json.WriteString("file", problem.File);
                json.WriteNumber("line", problem.Line);
                if (problem.Time is { } time) json.WriteString("time", time);
                json.WriteString("kind", problem.Kind);
                json.WriteString("reason", problem.Reason);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        session.Screen.Write(text.WrittenSpan);
        session.Screen.Write("\n"u8);
    }
}
