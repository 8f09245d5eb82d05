using System.Text;
using System.Text.Json;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>`set` and `unset`: one value is changed, and every other keeps its ciphertext.</summary>
internal static class ChangeRuns
{
    public static int Set(FileCall call)
    {
        var fromInput = call.Has(FileFlag.ValueStdin);
        if (call.Arguments.Count != (fromInput ? 2 : 3))
            return call.Fail(SopsExit.NoFile, "no file specified, or index and value are missing",
                "kist file set secrets.yaml database.password '\"value\"'");
        if (!Path(call.Arguments[1], "Invalid set index format").Try(out var path, out var fault))
            return call.Fail(fault);
        fault = Value(call, out var value);
        using (value)
        {
            if (fault is not null) return call.Fail(fault);
            return Change(call, tree => tree.Set(path, value.WrittenSpan));
        }
    }

    /// <summary>The old spelling: `--set '["key"] value' FILE`.</summary>
    public static int SetOld(FileCall call, string text)
    {
        var at = text.IndexOf("] ", StringComparison.Ordinal);
        if (at < 0) return call.Fail(SopsExit.SetFormat, "Invalid --set format");
        if (!Path(text[..(at + 1)], "Invalid --set format").Try(out var path, out var fault)) return call.Fail(fault);
        var value = Encoding.UTF8.GetBytes(text[(at + 2)..]);
        return IsJson(value) ? Change(call, tree => tree.Set(path, value))
            : call.Fail(SopsExit.SetFormat, "Value for --set is not valid JSON");
    }

    public static int Unset(FileCall call)
    {
        if (call.Arguments.Count != 2)
            return call.Fail(SopsExit.NoFile, "no file specified, or index is missing",
                "kist file unset secrets.yaml database.password");
        if (!Path(call.Arguments[1], "Invalid unset index format").Try(out var path, out var fault))
            return call.Fail(fault);
        return Change(call, tree =>
        {
            var outcome = tree.Unset(path);
            if (outcome.Fault is not null || outcome.Value || call.Has(FileFlag.Idempotent)) return outcome;
            return new SopsFault(SopsExit.Generic, $"Key not found: {path.Parts[^1]}");
        }, writesUnchanged: false);
    }

    private static int Change(FileCall call, Func<SopsTree, SopsOutcome<bool>> change, bool writesUnchanged = true)
    {
        var file = call.Arguments[0];
        if (!File.Exists(file)) return call.Fail(SopsExit.NoFile, $"cannot operate on non-existent file {file}");
        if (!OpenFile.Open(call, file).Try(out var open, out var fault))
            return call.Fail(fault, fault.Exit == SopsExit.NoDataKey
                ? $"kist file add {file} PATH VALUE adds a value without a private key" : null);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            var changed = change(open.Tree!);
            if (changed.Fault is { } failed) return call.Fail(failed);
            if (!changed.Value && (call.Has(FileFlag.Idempotent) || !writesUnchanged)) return 0;
            if (!open.Encrypt().Try(out var bytes, out fault)) return call.Fail(fault);
            return FileText.Write(file, bytes) is { } unwritten ? call.Fail(unwritten) : 0;
        }
    }

    private static SopsOutcome<TreePath> Path(string text, string wrong) =>
        FilePaths.Parse(text).Try(out var path, out _) ? path : new SopsFault(SopsExit.SetFormat, wrong);

    /// <summary>The value in JSON: an argument, a file, or standard input.</summary>
    public static SopsFault? Value(FileCall call, out SecretWriter value)
    {
        value = new SecretWriter(256);
        if (call.Has(FileFlag.ValueStdin) || call.Has(FileFlag.ValueFile))
        {
            value.Dispose();
            if (FileText.Read(call.Has(FileFlag.ValueStdin) ? null : call.Arguments[2], out value) is { } unread)
                return unread;
        }
        else value.Write(Encoding.UTF8.GetBytes(call.Arguments[2]));
        return IsJson(value.WrittenSpan) ? null : new SopsFault(SopsExit.SetFormat,
            "Value for --set is not valid JSON: a text stands in quotation marks, '\"text\"'");
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        try
        {
            while (reader.Read()) reader.TrySkip();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
