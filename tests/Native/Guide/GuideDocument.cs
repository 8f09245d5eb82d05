using System.Text.RegularExpressions;
using Kist.Testing;

namespace Kist.Native.Tests.Guide;

/// <summary>One command of a document, and what the document says that it prints.</summary>
/// <param name="Line">The line of the document, counted from 1.</param>
/// <param name="Command">What is typed, with the lines that continue it.</param>
/// <param name="Expected">The lines that follow it; see <see cref="OutputPattern"/>.</param>
public sealed record Example(int Line, string Command, IReadOnlyList<string> Expected)
{
    /// <summary>Whether the command goes on beside the next ones: a server.</summary>
    public bool RunsOn => Command.EndsWith(" &", StringComparison.Ordinal);

    /// <summary>Whether the document shows it failing.</summary>
    public bool Fails => Expected.Any(l => l.StartsWith("Error: ", StringComparison.Ordinal));
}

/// <summary>A fenced block.</summary>
/// <param name="Line">The line of its first line of text, counted from 1.</param>
/// <param name="Kind">The word after the fence.</param>
/// <param name="Lines">Its text.</param>
public sealed record Fence(int Line, string Kind, IReadOnlyList<string> Lines);

/// <summary>A Markdown document for users, as its fenced blocks.</summary>
public sealed partial record GuideDocument(string Path, IReadOnlyList<Fence> Fences)
{
    private const string Prompt = "$ ", Continuation = "> ";

    /// <summary>The documents whose examples are executed, by their paths in the repository.</summary>
    public static IEnumerable<string> Paths => Directory
        .EnumerateFiles(System.IO.Path.Combine(KistBinary.RepositoryRoot, "docs", "guide"), "*.md")
        .Append(System.IO.Path.Combine(KistBinary.RepositoryRoot, "README.md"))
        .Select(p => System.IO.Path.GetRelativePath(KistBinary.RepositoryRoot, p))
        .Order(StringComparer.Ordinal);

    /// <summary>Reads a document of the repository.</summary>
    public static GuideDocument Read(string path) =>
        Parse(path, File.ReadAllLines(System.IO.Path.Combine(KistBinary.RepositoryRoot, path)));

    /// <summary>Finds the fenced blocks.</summary>
    /// <exception cref="FormatException">A block is not closed or says nothing about its kind.</exception>
    public static GuideDocument Parse(string path, IReadOnlyList<string> lines)
    {
        var fences = new List<Fence>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal)) continue;
            var (kind, first) = (lines[i][3..].Trim(), i + 1);
            if (kind.Length == 0) throw new FormatException($"{path}:{first}: a block without a kind, such as console");
            while (++i < lines.Count && lines[i] != "```")
            {
            }
            if (i == lines.Count) throw new FormatException($"{path}:{first}: the block is not closed");
            fences.Add(new Fence(first + 1, kind, [.. lines.Skip(first).Take(i - first)]));
        }
        return new GuideDocument(path, fences);
    }

    /// <summary>The commands of a block of the kind <c>console</c>.</summary>
    /// <exception cref="FormatException">It begins with output.</exception>
    public static IReadOnlyList<Example> Examples(Fence fence)
    {
        var examples = new List<Example>();
        for (var i = 0; i < fence.Lines.Count;)
        {
            var line = fence.Line + i;
            if (!fence.Lines[i].StartsWith(Prompt, StringComparison.Ordinal))
                throw new FormatException($"line {line}: a command, '{Prompt}…', must stand here");
            var command = fence.Lines[i++][Prompt.Length..];
            for (; i < fence.Lines.Count && Continues(fence.Lines[i]); i++)
                command += "\n" + fence.Lines[i][Continuation.Length..];
            var output = fence.Lines.Skip(i)
                .TakeWhile(l => !l.StartsWith(Prompt, StringComparison.Ordinal)).ToList();
            i += output.Count;
            // An empty line before the next prompt is there for the reader.
            while (output is [.., ""]) output.RemoveAt(output.Count - 1);
            examples.Add(new Example(line, command, output));
        }
        return examples;
    }

    /// <summary>The file that a block of settings is, from its first line: <c># /etc/kist/kist.hcl</c>.</summary>
    public static string? FileName(Fence fence) =>
        fence.Lines is [var first, ..] && FileComment().Match(first) is { Success: true } match
            ? match.Groups[1].Value
            : null;

    private static bool Continues(string line) => line.StartsWith(Continuation, StringComparison.Ordinal);

    [GeneratedRegex(@"^# (\S+\.(?:hcl|json))$")]
    private static partial Regex FileComment();
}
