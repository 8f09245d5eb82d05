using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`filestatus`: whether a file is encrypted.</summary>
internal static class StatusRun
{
    public static int Run(FileCall call)
    {
        if (call.Arguments.Count == 0)
            return call.Fail(SopsExit.NoFile, "no file specified", "kist file filestatus secrets.yaml");
        var file = call.Arguments[0];
        if (FileText.Read(file, out var content) is { } unread)
        {
            content.Dispose();
            return call.Fail(SopsExit.Generic, "cannot check file status: " + unread.Message);
        }
        using (content)
        {
            if (!FileText.Format(call, FileFlag.InputType, file).Try(out var format, out var fault))
                return call.Fail(fault);
            var loaded = SopsFile.Load(content.WrittenSpan, format, file);
            var encrypted = loaded.Value is { Metadata: { Mac.Length: > 0, Version.Length: > 0 } };
            // A file that cannot be read in its format is neither the one nor the other.
            if (loaded.Fault is { } bad && !bad.Message.Contains("metadata not found", StringComparison.Ordinal))
                return call.Fail(bad with { Exit = SopsExit.Generic });
            call.Screen.Line(encrypted ? "{\"encrypted\":true}" : "{\"encrypted\":false}");
            return 0;
        }
    }
}
