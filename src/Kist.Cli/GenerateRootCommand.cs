using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Cli.Input;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist operator generate-root`: a new root token, by those who hold the keys.</summary>
internal static class GenerateRootCommand
{
    private const string Attempt = "sys/generate-root/attempt";

    public static KistCommand Create()
    {
        var command = new KistCommand("generate-root", "Make a new root token out of enough keys")
        {
            Details = """
                1. kist operator generate-root --init            starts, and shows a one-time password
                2. kist operator generate-root                   each holder gives a key; the last one gets a text
                3. kist operator generate-root --decode TEXT     asks for the one-time password, shows the token
                """,
            Examples =
            [
                "kist operator generate-root --init",
                "kist operator generate-root",
                "kist operator generate-root --decode ENCODED",
                "kist operator generate-root --cancel",
            ],
        };
        var key = command.Optional("KEY", 
            "An unseal or recovery key; - reads it from standard input; left out: asked for");
        var init = command.Switch("--init", "Start");
        var status = command.Switch("--status", "Show how far it is");
        var cancel = command.Switch("--cancel", "Stop and forget the keys given so far");
        var nonce = command.Option<string?>("--nonce", "NONCE", "The attempt meant, as --init showed it");
        var decode = command.Option<string?>("--decode", "TEXT", "Decode the encoded token");
        return command.Does((session, parsed) =>
        {
            if (parsed.GetValue(decode) is { } encoded) return Decode(session, encoded);
            if (parsed.GetValue(cancel)) return session.Do(HttpMethod.Delete, Attempt, null, "Cancelled");
            if (parsed.GetValue(init)) return Start(session);
            if (!parsed.GetValue(status)) return Give(session, parsed.GetValue(key), parsed.GetValue(nonce));
            using var answer = session.Send(HttpMethod.Get, Attempt);
            return session.Finish(answer, () => Show(session, answer.Data));
        });
    }

    private static int Start(Session session)
    {
        using var answer = session.Send(HttpMethod.Put, Attempt);
        return session.Finish(answer, () =>
        {
            Show(session, answer.Data);
            session.Screen.Remark(
                "\nKeep the one-time password. Next: each holder of a key: kist operator generate-root");
        });
    }

    private static int Give(Session session, string? typed, string? nonce)
    {
        while (true)
        {
            using var status = session.Send(HttpMethod.Get, Attempt);
            if (status.Problem is { } unknown) return session.Fail(unknown);
            if (!status.Data.Flag("started"))
                return session.Fail(
                    new Problem("nothing is under way", "kist operator generate-root --init", Problem.Remote));
            var attempt = nonce ?? status.Data.Text("nonce");
            if (OperatorCommands.Key(session, typed, out var key) is { } problem) return session.Fail(problem);
            using var body = new JsonBody().With("key", key).With("nonce", attempt);
            using var answer = session.Send(HttpMethod.Put, "sys/generate-root/update", body.Close());
            if (answer.Problem is null && !answer.Data.Flag("complete") && typed is null && Prompt.CanAsk)
            {
                session.Screen.Remark(
                    $"{answer.Data.Number("progress")} of {answer.Data.Number("required")} keys given");
                continue;
            }
            return session.Finish(answer, () => Show(session, answer.Data));
        }
    }

    private static void Show(Session session, JsonElement state)
    {
        using var table = new Table("KEY", "VALUE");
        var complete = state.Flag("complete");
        table.Cell("state").Cell(complete ? "complete" : state.Flag("started") ? "under way" : "nothing under way");
        if (state.Flag("started"))
            table.Cell("progress").Cell($"{state.Number("progress")} of {state.Number("required")}")
                .Cell("nonce").Cell(state.Text("nonce"));
        if (state.Text("otp").Length > 0) table.Cell("one-time password").Cell(state.Member("otp"));
        if (state.Text("encoded_token").Length > 0)
            table.Cell("encoded token").Cell(state.Member("encoded_token"));
        session.Screen.Show(table);
        if (complete) session.Screen.Remark("\nNext: kist operator generate-root --decode TEXT");
    }

    private static int Decode(Session session, string encoded)
    {
        var problem = Prompt.Secret(session.Screen, "one-time password", out var password);
        using var secret = password;
        if (problem is not null) return session.Fail(problem);
        var token = Decode(encoded, password.WrittenSpan);
        if (token is null)
            return session.Fail(new Problem("the text and the one-time password do not belong together"));
        using var json = new JsonBody().With("token", token);
        if (session.Json) session.Screen.Line(json.Close());
        else session.Screen.WriteRaw(token);
        CryptographicOperations.ZeroMemory(token);
        return 0;
    }

    /// <summary>
    /// The token: base64 without padding, each byte XOR the same byte of the one-time password (API documentation,
    /// /sys/generate-root). Null when the lengths differ or the text is no base64.
    /// </summary>
    internal static byte[]? Decode(string encoded, ReadOnlySpan<byte> password)
    {
        var text = Encoding.ASCII.GetBytes(encoded.TrimEnd('='));
        var padded = new byte[(text.Length + 3) / 4 * 4];
        padded.AsSpan().Fill((byte)'=');
        text.CopyTo(padded, 0);
        var token = new byte[Base64.GetMaxDecodedFromUtf8Length(padded.Length)];
        if (Base64.DecodeFromUtf8(padded, token, out _, out var length) != System.Buffers.OperationStatus.Done
            || length != password.Length) return null;
        for (var i = 0; i < length; i++) token[i] ^= password[i];
        return token[..length];
    }
}
