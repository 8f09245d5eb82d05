using Xunit;

namespace Kist.Native.Tests.Guide;

/// <summary>Every example of the README and of the guide does what it says.</summary>
public sealed class GuideTests
{
    // "text" is for what cannot run here, and for no more than that.
    // Code and its settings ("csharp", "jsonc") are compared with files that other tests compile and run.
    private static readonly string[] s_kinds = ["console", "hcl", "json", "text", "csharp", "jsonc"];

    public static TheoryData<string> Documents => [.. GuideDocument.Paths];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Every_example_does_what_the_document_says(string path)
    {
        var document = GuideDocument.Read(path);
        await using var shell = new GuideShell();
        var wrong = new List<string>();
        // A document that starts no server is one to read after `./start.sh`.
        if (!Commands(document).Any(e => e.Command.StartsWith("kist server ", StringComparison.Ordinal)))
            Assert.Null(await shell.RunAsync(GuideShell.StartServer));

        foreach (var fence in document.Fences)
        {
            foreach (var example in Steps(shell, fence))
                if (await shell.RunAsync(example) is { } difference)
                    wrong.Add($"{path}:{example.Line}: {difference}");
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_block_is_of_a_kind_that_is_tested_and_few_are_not(string path)
    {
        var fences = GuideDocument.Read(path).Fences;

        Assert.All(fences, f => Assert.Contains(f.Kind, s_kinds));
        Assert.InRange(fences.Count(f => f.Kind == "text"), 0, 2);
    }

    private static IEnumerable<Example> Commands(GuideDocument document) =>
        document.Fences.Where(f => f.Kind == "console").SelectMany(GuideDocument.Examples);

    /// <summary>What is run for a block: its commands, or kist itself reading the file that the block is.</summary>
    private static IEnumerable<Example> Steps(GuideShell shell, Fence fence)
    {
        if (fence.Kind == "console") return GuideDocument.Examples(fence);
        if (fence.Kind is "text" or "csharp" or "jsonc") return [];
        var named = GuideDocument.FileName(fence);
        var file = shell.Write(named ?? $"block-{fence.Line}.{fence.Kind}", fence.Lines);
        var isPolicy = fence.Lines.Any(l => l.TrimStart().StartsWith("path \"", StringComparison.Ordinal)
            || l.Contains("\"path\":", StringComparison.Ordinal));
        var isAgents = fence.Lines.Any(l => l.Contains("auto_auth", StringComparison.Ordinal));
        var check = isPolicy ? $"kist policy fmt --check {file}"
            : $"kist {(isAgents ? "agent" : "server")} --check --config {file} >&2";
        return [new Example(fence.Line, check, ["…"])];
    }
}
