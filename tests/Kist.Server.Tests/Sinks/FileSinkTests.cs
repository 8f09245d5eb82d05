using System.Runtime.Versioning;
using System.Text;
using Kist.Kernel.Audit;
using Kist.Kernel.Pipeline;
using Kist.Server.Sinks.File;
using Xunit;

namespace Kist.Server.Tests.Sinks;

/// <summary>Attack J06: the one path that the API can set leads to plain files in allowed folders, and nowhere
/// else.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileSinkTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kist-audit-");

    private string Folder => Path.Combine(_root.FullName, "audit");

    private string Log => Path.Combine(Folder, "audit.log");

    public void Dispose() => _root.Delete(recursive: true);

    private IAuditSink? Make(string path, out Fault? fault, string? mode = null)
    {
        Directory.CreateDirectory(Folder);
        var options = new Dictionary<string, string> { ["file_path"] = path };
        if (mode is not null) options["mode"] = mode;
        return new FileSinks([Folder], "n1").Make(options, out fault);
    }

    private async Task<IAuditSink> OpenAsync(string? first = null)
    {
        var sink = Make(Log, out var fault);
        Assert.Null(fault);
        if (first is not null) await sink!.WriteAsync(Encoding.UTF8.GetBytes(first), default);
        return sink!;
    }

    [Fact]
    public async Task Lines_are_appended_and_the_last_one_is_found_again()
    {
        var sink = await OpenAsync("one\n");
        await sink.WriteAsync("two\nthree\n"u8.ToArray(), default);
        Assert.Equal("three", Encoding.UTF8.GetString((await sink.ReadLastLineAsync(default)).Span));
        await sink.DisposeAsync();
        Assert.Equal("one\ntwo\nthree\n", File.ReadAllText(Log));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Log));
        var huge = new string('x', 300_000);
        var again = await OpenAsync(huge + "\n");
        Assert.Equal(huge, Encoding.UTF8.GetString((await again.ReadLastLineAsync(default)).Span));
        await again.DisposeAsync();
    }

    [Fact]
    public async Task A_log_whose_beginning_the_system_may_forget_is_whole()
    {
        var sink = await OpenAsync();
        var line = new byte[4 << 20];
        for (var i = 0; i < 20; i++)
        {
            Array.Fill(line, (byte)('a' + i));
            line[^1] = (byte)'\n';
            await sink.WriteAsync(line, default);
        }
        await sink.DisposeAsync();
        var written = File.ReadAllBytes(Log);
        Assert.Equal(20 * line.Length, written.Length);
        for (var i = 0; i < 20; i++)
        {
            var part = written.AsSpan(i * line.Length, line.Length);
            Assert.Equal(-1, part[..^1].IndexOfAnyExcept((byte)('a' + i)));
            Assert.Equal((byte)'\n', part[^1]);
        }
    }

    [Fact]
    public async Task A_line_that_a_crash_left_half_written_is_cut_off()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Log, "one\ntwo\nthr" + new string('e', 10_000));
        var sink = await OpenAsync();
        Assert.Equal("two", Encoding.UTF8.GetString((await sink.ReadLastLineAsync(default)).Span));
        await sink.DisposeAsync();
        Assert.Equal("one\ntwo\n", File.ReadAllText(Log));
    }

    [Fact]
    public async Task After_a_rotation_lines_go_to_a_new_file()
    {
        var sink = await OpenAsync("old\n");
        File.Move(Log, Log + ".1");
        await sink.WriteAsync("still old\n"u8.ToArray(), default);
        await sink.ReopenAsync(default);
        await sink.WriteAsync("new\n"u8.ToArray(), default);
        await sink.DisposeAsync();
        Assert.Equal("old\nstill old\n", File.ReadAllText(Log + ".1"));
        Assert.Equal("new\n", File.ReadAllText(Log));
    }

    [Fact]
    public async Task A_file_that_another_sink_writes_is_refused_until_that_one_is_closed()
    {
        var sink = await OpenAsync("one\nhalf");
        Refused(Log, "in use");
        Assert.Equal("one\nhalf", File.ReadAllText(Log)); // what looks like a torn line may be one being written
        await sink.WriteAsync("\n"u8.ToArray(), default);
        await sink.ReopenAsync(default);
        await sink.WriteAsync("two\n"u8.ToArray(), default);
        Refused(Log, "in use");
        await sink.DisposeAsync();
        await (await OpenAsync("three\n")).DisposeAsync();
        Assert.Equal("one\nhalf\ntwo\nthree\n", File.ReadAllText(Log));
    }

    [Fact]
    public async Task The_name_of_the_node_stands_where_the_path_asks_for_it()
    {
        await Make(Path.Combine(Folder, "{node_id}", "{node_id}.log"), out var fault)!.DisposeAsync();
        Assert.Null(fault);
        Assert.True(File.Exists(Path.Combine(Folder, "n1", "n1.log")));
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_again_leaves_the_old_one_in_use()
    {
        var sink = await OpenAsync("old\n");
        File.Move(Log, Log + ".1");
        Directory.CreateDirectory(Log);
        await Assert.ThrowsAsync<IOException>(() => sink.ReopenAsync(default).AsTask());
        await sink.WriteAsync("still old\n"u8.ToArray(), default);
        await sink.DisposeAsync();
        Assert.Equal("old\nstill old\n", File.ReadAllText(Log + ".1"));
    }

    [Fact]
    public void Folders_are_made_private_and_modes_are_set()
    {
        var deep = Path.Combine(Folder, "a", "b", "audit.log");
        Assert.NotNull(Make(deep, out _, "0640"));
        Assert.Equal((UnixFileMode)0x1A0, File.GetUnixFileMode(deep));
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(Path.GetDirectoryName(deep)!));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/dev/full")]
    [InlineData("/dev/tty")]
    [InlineData("/proc/self/mem")]
    [InlineData("audit.log")]
    [InlineData("ROOT/audit.log")]
    [InlineData("ROOT/auditor/audit.log")]
    [InlineData("ROOT/audit")]
    [InlineData("ROOT/audit/")]
    [InlineData("ROOT/audit/../x.log")]
    [InlineData("ROOT/audit/./x.log")]
    [InlineData("ROOT/audit//x.log")]
    [InlineData("ROOT/audit/x\0.log")]
    public void Paths_elsewhere_are_refused(string path)
    {
        Assert.Null(Make(path.Replace("ROOT", _root.FullName), out var fault));
        Assert.Equal(FaultKind.Invalid, fault?.Kind);
        Assert.Contains("file_path", fault?.Message);
    }

    [Theory]
    [InlineData("0700")]
    [InlineData("0111")]
    [InlineData("04600")]
    [InlineData("0400")]
    [InlineData("abc")]
    [InlineData("99999999999")]
    public void Modes_that_make_no_log_are_refused(string mode)
    {
        Assert.Null(Make(Log, out var fault, mode));
        Assert.Contains("\"mode\"", fault?.Message);
        Assert.False(File.Exists(Log));
    }

    [Fact]
    public void Links_executables_pipes_folders_and_second_names_are_refused()
    {
        Directory.CreateDirectory(Folder);
        var target = Path.Combine(_root.FullName, "target");
        File.WriteAllText(target, "keep\n");
        File.CreateSymbolicLink(Log, target);
        Refused(Log, "symbolic link");
        File.Delete(Log);
        File.WriteAllText(Log, "");
        File.SetUnixFileMode(Log, (UnixFileMode)0x1C0);
        Refused(Log, "executable");
        File.Delete(Log);
        Directory.CreateDirectory(Log);
        Refused(Log, "Is a directory");
        Directory.Delete(Log);
        File.WriteAllText(Log, "");
        using (var link = System.Diagnostics.Process.Start("ln", [Log, Log + ".2"])) link.WaitForExit();
        Refused(Log, "second name");
        File.Delete(Log);
        using (var pipe = System.Diagnostics.Process.Start("mkfifo", [Log])) pipe.WaitForExit();
        Refused(Log, "not a regular file"); // and opening it did not wait for a reader
        Directory.CreateSymbolicLink(Path.Combine(Folder, "link"), _root.FullName);
        Refused(Path.Combine(Folder, "link", "x.log"), "symbolic link");
        Assert.Equal("keep\n", File.ReadAllText(target));
        Assert.False(File.Exists(Path.Combine(_root.FullName, "x.log")));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("discard")]
    public async Task What_is_discarded_is_taken_and_gone(string path)
    {
        var sink = Make(path, out var fault);
        Assert.Null(fault);
        await sink!.WriteAsync("x\n"u8.ToArray(), default);
        Assert.True((await sink.ReadLastLineAsync(default)).IsEmpty);
    }

    [Fact]
    public async Task A_full_medium_keeps_whole_lines_only_and_takes_lines_again_when_there_is_room()
    {
        Directory.CreateDirectory(Folder);
        FileSizeLimit.Fill(Log, left: 100);
        var sink = await OpenAsync();
        using (new FileSizeLimit())
        {
            var failure = await Assert.ThrowsAsync<IOException>(
                () => sink.WriteAsync(Encoding.UTF8.GetBytes(new string('b', 150) + "\n"), default).AsTask());
            Assert.Contains("no space", failure.Message);
            Assert.Equal(FileSizeLimit.Bytes - 100, new FileInfo(Log).Length); // the part that fitted was cut off again
            await sink.WriteAsync("small\n"u8.ToArray(), default);
        }
        await sink.WriteAsync(Encoding.UTF8.GetBytes(new string('c', 150) + "\n"), default);
        Assert.Equal(new string('c', 150), Encoding.UTF8.GetString((await sink.ReadLastLineAsync(default)).Span));
        Assert.Equal(FileSizeLimit.Bytes - 100 + 6 + 151, new FileInfo(Log).Length);
        await sink.DisposeAsync();
    }

    private void Refused(string path, string reason)
    {
        Assert.Null(Make(path, out var fault));
        Assert.Contains(reason, fault?.Message);
    }
}
