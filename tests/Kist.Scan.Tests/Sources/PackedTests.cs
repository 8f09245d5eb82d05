using System.Diagnostics;
using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

/// <summary>What zstd, xz and bzip2 packed, the programs themselves.</summary>
public sealed class PackedTests
{
    private static readonly byte[] s_text =
        Text(string.Concat(Enumerable.Range(0, 30_000).Select(i => $"line {i * 7919 % 10007}\n")) + Sample.Line());

    public static TheoryData<string, string> Programs => new()
    {
        { "zstd", ".zst" }, { "zstd", ".zstd" }, { "xz", ".xz" }, { "bzip2", ".bz2" },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public void It_is_opened_alone_and_as_an_archive_and_several_in_one_file(string program, string ending)
    {
        using var folder = new Folder();
        folder.Write("a.log" + ending, Packed(program, s_text));
        folder.Write("b.tar" + ending, Packed(program, Folder.Tar(("d/x.txt", s_text))));
        folder.Write("two" + ending, [.. Packed(program, Text("short\n")), .. Packed(program, s_text)]);
        folder.Write("empty" + ending, Packed(program, []));
        folder.Write("named", Packed(program, s_text));

        Assert.Equal(
            [$"a.log{ending}!a.log:30001", $"b.tar{ending}!b.tar!d/x.txt:30001", "named:30001",
                $"two{ending}!two:30002"],
            folder.Tree());
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void It_is_named_when_it_was_cut(string program, string ending)
    {
        using var folder = new Folder();
        var packed = Packed(program, s_text);
        folder.Write("cut" + ending, packed[..(packed.Length * 2 / 3)]);
        folder.Write("tail" + ending, packed[..^9]);
        folder.Write("after.txt", Sample.Line());

        Assert.Contains("after.txt:1", folder.Tree());
        Assert.Equal(["cut" + ending, "tail" + ending],
            folder.Tally.Unread.Select(u => Path.GetFileName(u.Path)).Order());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Damage_anywhere_never_ends_the_scan(string program, string ending)
    {
        using var folder = new Folder();
        var random = new Random(5);
        var good = Packed(program, Folder.Tar(("x.txt", s_text[..20_000])));
        for (var i = 0; i < 60; i++)
        {
            var bytes = good.ToArray();
            // Half of them in the headers.
            for (var n = 0; n < 1 + i % 4; n++)
                bytes[random.Next(i % 2 == 0 ? 40 : bytes.Length)] = (byte)random.Next(256);
            folder.Write($"f{i}{ending}", bytes);
        }
        folder.Write("last.txt", Sample.Line());

        Assert.Contains("last.txt:1", folder.Tree());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_bomb_is_stopped_and_named(string program, string ending)
    {
        using var folder = new Folder();
        var much = new byte[4 << 20];
        Array.Fill(much, (byte)'a');
        folder.Write("bomb" + ending, Packed(program, much));

        Assert.Empty(folder.Tree(limits: new ScanLimits { FreeBytes = 1 << 20, Ratio = 10 }));
        Assert.Contains("bomb", Assert.Single(folder.Tally.Unread).Reason);
    }

    [Fact]
    public void A_dictionary_that_would_fill_the_memory_is_refused()
    {
        using var folder = new Folder();
        folder.Write("a.xz", Packed("xz", s_text, "--lzma2=dict=128MiB"));

        Assert.Empty(folder.Tree());
        Assert.Contains("dictionary", Assert.Single(folder.Tally.Unread).Reason);
    }

    /// <summary>A stream behind zeros is looked at as the first is.</summary>
    [Fact]
    public void A_dictionary_is_refused_in_any_of_several_streams()
    {
        using var folder = new Folder();
        byte[] first = [.. Packed("xz", Text("short\n")), .. new byte[4_000_000]];
        folder.Write("a.xz", [.. first, .. Packed("xz", s_text, "--lzma2=dict=128MiB")]);
        folder.Write("b.xz", [.. first, .. Packed("xz", s_text)]);

        Assert.Equal(["b.xz!b:30002"], folder.Tree());
        Assert.Contains("dictionary", Assert.Single(folder.Tally.Unread).Reason);
    }

    /// <summary>A small file of very many streams takes neither hours nor the stack.</summary>
    [Theory]
    [MemberData(nameof(Programs))]
    public void Very_many_streams_end_the_scan_with_all_of_them_or_with_a_reason(string program, string ending)
    {
        using var folder = new Folder();
        var (empty, last) = (Packed(program, []), Packed(program, s_text));
        folder.Write("many" + ending, [.. Enumerable.Range(0, 100_000).SelectMany(_ => empty), .. last]);

        var found = folder.Tree();
        if (folder.Tally.UnreadCount == 0) Assert.Equal([$"many{ending}!many:30001"], found);
        else Assert.Contains("streams", Assert.Single(folder.Tally.Unread).Reason);
    }

    [Theory]
    [InlineData("xz", ".xz", "--lzma2=dict=64MiB")]
    [InlineData("zstd", ".zst", "--long=27")]
    [InlineData("zstd", ".zst", "--no-content-size")]
    public void Large_windows_are_read_one_after_the_other(string program, string ending, string option)
    {
        using var folder = new Folder();
        var inner = Packed(program, s_text, option);
        for (var i = 0; i < 60; i++) folder.Write($"f{i:00}{ending}", inner);
        folder.Write("nested" + ending, Packed(program, Folder.Tar(("a" + ending, inner)), option));

        Assert.Equal(61, folder.Tree().Length);
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void A_layer_of_an_image_may_be_packed_by_zstd()
    {
        using var folder = new Folder();
        const string manifest = "[{\"Config\":\"blobs/sha256/cc\",\"Layers\":[\"blobs/sha256/aa\"]}]";
        folder.Write("image.tar", Folder.Tar(
            ("blobs/sha256/aa", Packed("zstd", Folder.Tar(("app/secret.txt", s_text)))),
            ("manifest.json", Text(manifest))));

        Assert.Equal(["image.tar!blobs/sha256/aa!app/secret.txt:30001"], folder.Tree());
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Packed(string program, byte[] content, params string[] options)
    {
        var start = new ProcessStartInfo(program, ["-c", "-1", .. options])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var writing = Task.Run(() =>
        {
            using var input = process.StandardInput.BaseStream;
            input.Write(content);
        }, TestContext.Current.CancellationToken);
        var packed = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(packed);
        writing.Wait(TestContext.Current.CancellationToken);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return packed.ToArray();
    }
}
