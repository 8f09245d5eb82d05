using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Dotenv;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>`kist env export`: what a program would get, as a file of some kind.</summary>
internal static class EnvironmentExport
{
    /// <summary>The kinds.</summary>
    public static readonly string[] Formats = ["dotenv", "json", "yaml", "shell", "docker"];

    /// <summary>Prints it.</summary>
    public static int Run(Session session, RunRequest request, string format)
    {
        if (Array.IndexOf(Formats, format) < 0)
            return session.Fail(new Problem($"--format takes {string.Join(", ", Formats)}", "--format json"));
        var problem = RunValues.Collect(session, request, out var values);
        using (values)
        {
            if (problem is not null) return session.Fail(problem);
            using var text = new SecretWriter(4096);
            if ((format == "json" ? Json(values.Plan, text) : Lines(values.Plan, format, text)) is { } unfit)
                return session.Fail(unfit);
            session.Screen.Write(text.WrittenSpan);
            return 0;
        }
    }

    private static Problem? Json(EnvironmentPlan plan, SecretWriter text)
    {
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var variable in plan.Variables)
            {
                if (!Utf8.IsValid(variable.Value.Span)) return NotText(variable);
                json.WriteString(variable.Name, variable.Value.Span);
            }
            json.WriteEndObject();
        }
        text.Write("\n"u8);
        return null;
    }

    private static Problem? Lines(EnvironmentPlan plan, string format, SecretWriter text)
    {
        foreach (var variable in plan.Variables)
        {
            var name = Encoding.UTF8.GetBytes(variable.Name);
            ReadOnlySpan<byte> value = variable.Value.Span;
            switch (format)
            {
                case "dotenv" when !DotenvFile.TryWrite(variable.Name, value, text):
                    return new Problem($"{variable.Name} cannot stand in a .env file", "--format json");
                case "docker" when value.Contains((byte)'\n'):
                    return new Problem($"{variable.Name} has several lines, which docker's --env-file cannot hold",
                        "--format json");
                case "yaml" when !Utf8.IsValid(value):
                    return NotText(variable);
                case "docker":
                    Write(text, name, "="u8, value, "\n"u8);
                    break;
                case "shell":
                    Write(text, "export "u8, name, "="u8, default, default);
                    Quote(value, text);
                    break;
                case "yaml":
                    Write(text, name, ": "u8, default, default);
                    using (var json = new Utf8JsonWriter(text)) json.WriteStringValue(value);
                    text.Write("\n"u8);
                    break;
            }
        }
        return null;
    }

    // Between single quotes a shell gives nothing a meaning but the next one.
    private static void Quote(ReadOnlySpan<byte> value, SecretWriter text)
    {
        text.Write("'"u8);
        foreach (var one in value)
            if (one == (byte)'\'') text.Write("'\\''"u8);
            else text.Write([one]);
        text.Write("'\n"u8);
    }

    private static void Write(SecretWriter text, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c,
        ReadOnlySpan<byte> d, ReadOnlySpan<byte> e = default)
    {
        text.Write(a);
        text.Write(b);
        text.Write(c);
        text.Write(d);
        text.Write(e);
    }

    private static Problem NotText(EnvironmentPlan.Variable variable) =>
        new($"the value of {variable.Name} is not UTF-8 text", "--format dotenv");
}
