using System.Buffers;
using System.Text.Json;
using Kist.Cli.Output;
using Kist.Kernel.Backups;

namespace Kist.Cli.Backups;

/// <summary><c>kist operator backup verify</c>: checks a backup without the server.</summary>
internal static class VerifyCommand
{
    public static KistCommand Create()
    {
        var command = new KistCommand("verify", "Check that a backup is whole, and that it opens")
        {
            Details = """
                Always checked: that nothing is missing, changed, repeated or out of order, by the checksums in the
                file. With --config or --unseal-keys it is opened too: that nobody made it but a server with this key,
                that it holds what it says, and that every entry in it opens. Exit code 0: all that was checked is good.
                """,
            Examples =
            [
                "kist operator backup verify kist.backup",
                "kist operator backup verify kist.backup --config /etc/kist/kist.hcl",
                "kist operator backup verify kist.backup --unseal-keys keys.txt",
            ],
        };
        var file = command.Required("FILE", "The backup; - reads standard input");
        var (config, keys) = BackupKeySource.Options(command);
        return command.Does((session, parsed) =>
            VerifyAsync(session, parsed.GetValue(file)!, parsed.GetValue(config), parsed.GetValue(keys))
                .GetAwaiter().GetResult());
    }

    private static async Task<int> VerifyAsync(Session session, string path, string? configFile, string? keysFile)
    {
        if (BackupKeySource.Read(configFile, keysFile, out var keys, out _) is { } wrong) return session.Fail(wrong);
        try
        {
            await using var source = BackupFile.Open(path, session.Screen);
            using var reader = await BackupReader.OpenAsync(source, default);
            if (!keys.IsGiven)
            {
                await reader.CheckAsync(default);
                return Show(session, path, reader, null);
            }
            var (root, problem) = await keys.UnlockAsync(reader, session.Screen);
            using var held = root;
            if (root is null) return session.Fail(problem!);
            using var contents = new BackupContents(root);
            await foreach (var entry in reader.EntriesAsync())
            {
                contents.Learn(entry);
                contents.Opens(entry);
            }
            if (!contents.HasKeyring)
                return session.Fail(new Problem($"{path}: it is whole, and holds no keyring: it cannot be restored"));
            if (contents.Damaged > 0) return session.Fail(new Problem(
                $"{path}: it is whole, but {Sizes.Count(contents.Damaged)} of {Sizes.Count(reader.Entries)} entries in"
                + " it do not open: they were damaged in the store already", "compare with an earlier backup"));
            return Show(session, path, reader, reader.Entries);
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException)
        {
            return session.Fail(BackupFile.ProblemOf(path, e));
        }
    }

    private static int Show(Session session, string path, BackupReader reader, long? entries)
    {
        if (session.Json) return ShowJson(session, reader, entries);
        using var table = new Table("KEY", "VALUE");
        table.Cell("made").Cell($"{reader.Header.Created:yyyy-MM-dd'T'HH:mm:ss'Z'}")
            .Cell("size").Cell($"{Sizes.Of(reader.Position)} in {reader.Parts} parts")
            .Cell("seal").Cell(reader.Header.Seal.Type)
            .Cell("checked").Cell("checksums, order and completeness of all parts");
        if (entries is { } count) table.Cell("opened").Cell($"{Sizes.Count(count)} entries, each one");
        session.Screen.Line($"{path} is whole");
        session.Screen.Show(table);
        if (entries is null) session.Screen.Remark(
            "Not checked: whether it opens, and with which key. --config FILE or --unseal-keys FILE does that");
        return 0;
    }

    private static int ShowJson(Session session, BackupReader reader, long? entries)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteBoolean("whole", true);
            json.WriteString("created", reader.Header.Created);
            json.WriteString("id", reader.Header.Id);
            json.WriteString("seal", reader.Header.Seal.Type);
            json.WriteNumber("bytes", reader.Position);
            json.WriteNumber("parts", reader.Parts);
            json.WriteBoolean("opened", entries is not null);
            if (entries is { } count) json.WriteNumber("entries", count);
            json.WriteEndObject();
        }
        session.Screen.Write(text.WrittenSpan);
        session.Screen.Write("\n"u8);
        return 0;
    }
}
