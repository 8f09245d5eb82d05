using Kist.Cli.Age;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>Files as bytes: read whole, and written whole or not at all.</summary>
internal static class FileText
{
    private const int MaxBytes = 256 << 20;

    /// <summary>The format of a file by flags and name.</summary>
    public static SopsOutcome<SopsFormat> Format(FileCall call, FileFlag flag, string name)
    {
        if (call.Text(flag) is not { } type) return SopsFormats.OfPath(name);
        // As sops does: an unknown name is no error, and means what the extension means.
        return SopsFormats.Named(type) ?? SopsFormats.OfPath(name);
    }

    /// <summary>Reads a file, or standard input where it is null.</summary>
    public static SopsFault? Read(string? file, out SecretWriter content)
    {
        content = new SecretWriter(16 << 10);
        try
        {
            using Stream input = file is null ? DescriptorStream.Standard(0) : AgeKeys.OpenFile(file);
            while (input.Read(content.GetSpan(64 << 10)) is > 0 and var read)
            {
                content.Advance(read);
                if (content.WrittenCount > MaxBytes)
                    return new SopsFault(SopsExit.Read, "the file has more than 256 MiB") { File = file };
            }
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SopsFault(SopsExit.Read, $"Failed to read {file ?? "standard input"}: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Writes a file as a whole: beside, to the disk, and into its place.</summary>
    public static SopsFault? Write(string file, ReadOnlySpan<byte> content)
    {
        try
        {
            using var output = new ReplacedFile(file);
            output.Write(content);
            output.Commit();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SopsFault(SopsExit.Write, $"Could not write {file}: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Writes where the call says: in place, to <c>--output</c>, or to standard output.</summary>
    public static int Deliver(FileCall call, string? file, ReadOnlySpan<byte> content)
    {
        var target = call.Has(FileFlag.InPlace) ? file : call.Text(FileFlag.Output);
        if (target is null or "-" || (target == "/dev/stdout" && !call.Has(FileFlag.InPlace)))
        {
            call.Screen.Write(content);
            return 0;
        }
        return Write(target, content) is { } fault ? call.Fail(fault) : 0;
    }

    /// <summary>What does not go together; null when all does.</summary>
    public static SopsFault? CheckOutput(FileCall call) =>
        call.Has(FileFlag.InPlace) && call.Text(FileFlag.Output) is not null
            ? new SopsFault(SopsExit.Conflict, "cannot operate on both --output and --in-place") : null;
}
