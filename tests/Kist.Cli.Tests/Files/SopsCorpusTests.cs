using System.Text.Json;

namespace Kist.Cli.Tests.Files;

/// <summary>What the real sops answers on the command line, `kist sops` answers too: exit codes and standard output.
/// </summary>
public sealed class SopsCorpusTests : IDisposable
{
    // Refused by old versions for faults of theirs, which sops has mended since.
    private static readonly string[] s_ofOldVersions =
        ["json-pgp-rsa3072-v34", "dotenv-groups-v38", "yaml-v38-timestamps"];

    private static readonly string s_data = Path.Combine(AppContext.BaseDirectory, "Data", "sops");
    private readonly KistRun _kist = new(token: null);

    public void Dispose() => _kist.Dispose();

    public static TheoryData<int, string> Cases
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (i, one) in All("cli/cases.json").GetProperty("cases").EnumerateArray().Index())
                data.Add(i, string.Join(' ', one.GetProperty("argv").EnumerateArray().Select(a => a.GetString())));
            return data;
        }
    }

    public static TheoryData<string> Refused =>
        [.. All("encrypt-reject.json").EnumerateArray().Select(c => c.GetProperty("id").GetString()!)
            .Except(s_ofOldVersions)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Every_case_ends_as_with_sops(int number, string called)
    {
        var one = All("cli/cases.json").GetProperty("cases")[number];
        Copy(Path.Combine(s_data, "cli"), Path.Combine(_kist.Home, "cli"));
        _kist.With("SOPS_AGE_KEY_FILE", Path.Combine(s_data, "keys", "TEST-age-alice.txt")).With("TZ", "UTC");
        var arguments = one.GetProperty("argv").EnumerateArray().Select(a => Quote(a.GetString()!));
        var ran = await _kist.ShellAsync($"cd cli && exec \"$KIST\" sops {string.Join(' ', arguments)}");

        Assert.True(one.GetProperty("exit_code").GetInt32() == ran.ExitCode, $"{called}: {ran.ExitCode}, {ran.Error}");
        if (one.GetProperty("stdout").GetString() is { } output) Assert.Equal(output, ran.Output);
        // The program that exec-env became says for itself what went wrong.
        if (ran.ExitCode != 0 && !called.StartsWith("exec-env --pristine flat")
            && ran.ExitCode != 7) Assert.NotEmpty(ran.Error + ran.Output);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_sops_refuses_to_encrypt_is_refused_with_its_exit_code(string id)
    {
        var one = All("encrypt-reject.json").EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        var source = Path.Combine(s_data, one.GetProperty("source").GetString()!);
        var file = Path.GetFileName(source);
        File.Copy(source, Path.Combine(_kist.Home, file));
        var ran = await _kist.RunAsync(
            ["sops", .. one.GetProperty("encrypt_options").GetString()!.Split(' '), file]);

        Assert.Equal(one.GetProperty("real_exit_code").GetInt32(), ran.ExitCode);
        Assert.Equal("", ran.Output);
        Assert.Contains(file, ran.Error);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Path.Combine(_kist.Home, file)));
    }

    private static JsonElement All(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(s_data, file))).RootElement;

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''")}'";

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
