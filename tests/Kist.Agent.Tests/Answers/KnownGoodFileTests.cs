using Kist.Agent.Answers;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Tests.Answers;

public sealed class KnownGoodFileTests : IDisposable
{
    private static readonly AnswerKey s_key = new(AnswerKey.Agent, "", "/v1/prod/data/db");
    private static readonly LinkSettings s_server = new() { Address = new Uri("https://kist.example.com:8200") };
    private readonly string _folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;
    private readonly ServerLink _link = new(s_server);

    private PersistConfig Config => new(Path.Combine(_folder, "known"), Path.Combine(_folder, "key"));

    public void Dispose()
    {
        _link.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void What_is_saved_is_loaded_as_outdated()
    {
        Save(TimeProvider.System);
        Assert.DoesNotContain("planted", File.ReadAllText(Config.Path));
        using var cache = new AnswerCache();
        Assert.Null(Load(cache, TimeProvider.System));
        using var found = cache.Find(s_key);
        Assert.Equal("planted"u8.ToArray(), found!.Body.WrittenSpan.ToArray());
        Assert.True(found.IsOutdated);
        Assert.False(found.IsTooOld);
    }

    [Fact]
    public void A_file_that_is_too_old_of_another_server_or_altered_is_not_used()
    {
        Save(TimeProvider.System);
        using var cache = new AnswerCache();
        Assert.Contains("is older than 24 h", Load(cache, new LateClock(TimeSpan.FromHours(25))));
        Assert.Contains("is of another server",
            Load(cache, TimeProvider.System, s_server with { Address = new Uri("https://other:8200") }));
        // A clock that was set back makes nothing too old.
        Assert.Null(Load(cache, new LateClock(TimeSpan.FromHours(-100))));
        var bytes = File.ReadAllBytes(Config.Path);
        bytes[^3] ^= 1;
        File.WriteAllBytes(Config.Path, bytes);
        Assert.Contains("cannot be opened", Load(cache, TimeProvider.System));
        File.Delete(Config.KeyFile);
        Assert.Contains("cannot be opened", Load(cache, TimeProvider.System));
    }

    [Fact]
    public void A_key_that_others_can_use_is_refused()
    {
        Save(TimeProvider.System);
        File.SetUnixFileMode(Config.KeyFile, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal($"{Config.KeyFile} can be used by others: chmod 600 {Config.KeyFile}",
            KnownGoodFile.Open(Config, s_server).Error);
    }

    private void Save(TimeProvider clock)
    {
        using var file = KnownGoodFile.Open(Config, s_server).File!;
        using var cache = new AnswerCache();
        cache.Keep(s_key, new KeptAnswer(SecretBytes.FromText("planted"), "application/json", "n")
        {
            Asked = TimeProvider.System.GetTimestamp(), MaxStale = TimeSpan.FromHours(1),
        }, cache.LastChange);
        cache.Keep(s_key with { Owner = "someone" }, new KeptAnswer(SecretBytes.FromText("x"), "text/plain", "n")
        {
            Asked = TimeProvider.System.GetTimestamp(),
        }, cache.LastChange);
        Assert.Null(file.Save(cache, new MountTable(_link), clock));
    }

    private string? Load(AnswerCache cache, TimeProvider clock, LinkSettings? server = null)
    {
        using var file = KnownGoodFile.Open(Config, server ?? s_server).File!;
        return file.Load(cache, new MountTable(_link), clock);
    }

    private sealed class LateClock(TimeSpan late) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + late;
    }
}
