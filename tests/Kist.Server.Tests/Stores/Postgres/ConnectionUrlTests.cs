using Kist.Server.Stores.Postgres;
using Npgsql;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>Connection texts mean what they mean to libpq.</summary>
public sealed class ConnectionUrlTests
{
    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("postgres://me:p%40ss@db.example.com:5433/app?sslmode=verify-full&sslrootcert=/ca.pem")]
    [InlineData("postgresql://me:p%40ss@db.example.com:5433/app?sslrootcert=%2Fca.pem&sslmode=verify-full")]
    [InlineData("host=db.example.com port=5433 dbname=app user=me password=p@ss sslmode=verify-full "
        + "sslrootcert=/ca.pem")]
    [InlineData("host = 'db.example.com' port= 5433 dbname =app user=me password='p\\@ss' sslmode=verify-full "
        + "sslrootcert=/ca.pem ")]
    public void AUrlAndAListSayTheSame(string text)
    {
        Assert.True(ConnectionUrl.TryParse(text, None, out var read, out _));
        Assert.Equal(("db.example.com", 5433, "app", "me", "p@ss"),
            (read.Host, read.Port, read.Database, read.Username, read.Password));
        Assert.Equal((SslMode.VerifyFull, "/ca.pem"), (read.SslMode, read.RootCertificate));
    }

    [Fact]
    public void WhatIsLeftOpenComesFromTheEnvironment()
    {
        var environment = new Dictionary<string, string>
        {
            ["PGHOST"] = "/run/postgresql", ["PGPORT"] = "5555", ["PGUSER"] = "env", ["PGPASSWORD"] = "secret",
            ["PGDATABASE"] = "envdb", ["PGSSLMODE"] = "require", ["PGSSLROOTCERT"] = "/root.pem",
        };
        Assert.True(ConnectionUrl.TryParse("postgres:///mine", environment, out var read, out _));
        Assert.Equal(("/run/postgresql", 5555, "mine", "env", "secret"),
            (read.Host, read.Port, read.Database, read.Username, read.Password));
        // As libpq has it: with a root certificate the chain is checked.
        Assert.Equal(SslMode.VerifyCA, read.SslMode);
    }

    [Theory]
    [InlineData("postgres://a,b:5433/db", "a,b:5433")]
    [InlineData("postgres://a:1,[::1]:2/db", "a:1,[::1]:2")]
    [InlineData("host=a,b port=1,2 dbname=db", "a:1,b:2")]
    [InlineData("host=a,b port=7 dbname=db", "a:7,b:7")]
    public void OfSeveralHostsTheOneThatTakesWritesIsMeant(string text, string hosts)
    {
        Assert.True(ConnectionUrl.TryParse(text, None, out var read, out _));
        Assert.Equal(hosts, read.Host);
        Assert.Equal("read-write", read.TargetSessionAttributes);
    }

    // With Kerberos Npgsql connects twice where there is no ticket.
    [Theory]
    [InlineData("postgres://h/db", GssEncryptionMode.Disable)]
    [InlineData("postgres://h/db?gssencmode=prefer", GssEncryptionMode.Prefer)]
    [InlineData("host=h gssencmode=require", GssEncryptionMode.Require)]
    public void KerberosIsForThoseWhoAskForIt(string text, GssEncryptionMode mode)
    {
        Assert.True(ConnectionUrl.TryParse(text, None, out var read, out _));
        Assert.Equal(mode, read.GssEncryptionMode);
    }

    [Theory]
    [InlineData("postgres://u:sesame@h/db?gssencmode=maybe", "gssencmode")]
    [InlineData("postgres://u:sesame@h/db?sslmode=sometimes", "sslmode")]
    [InlineData("postgres://u:sesame@h/db?color=red", "color")]
    [InlineData("postgres://u:sesame@h:x/db", "port")]
    [InlineData("host=h password=sesame port=99999", "port")]
    [InlineData("host=h password='sesame", "keyword=value")]
    [InlineData("mysql://u:sesame@h/db", "keyword=value")]
    public void AnErrorNamesTheKeywordAndNoValue(string text, string named)
    {
        Assert.False(ConnectionUrl.TryParse(text, None, out _, out var problem));
        Assert.Contains(named, problem);
        Assert.DoesNotContain("sesame", problem);
    }

    [Fact]
    public void TheStanzaIsCheckedAsAWhole()
    {
        var stanza = new Dictionary<string, string> { ["connection_url"] = "postgres://h/db", ["table"] = "app.kist" };
        Assert.Null(PostgresStoreOptions.Problem(stanza, None));
        Assert.Equal("app.kist", PostgresStoreOptions.From(stanza, None, _ => { }).Table);
        foreach (var (key, wrong) in new[] { ("max_parallel", "0"), ("max_parallel", "many"), ("table", "a;b") })
            Assert.Contains(key, PostgresStoreOptions.Problem(new Dictionary<string, string> { [key] = wrong }, None));
        var warnings = new List<string>();
        var vaults = new Dictionary<string, string>
        {
            ["VAULT_PG_CONNECTION_URL"] = "postgres://other/db", ["VAULT_PG_TABLE"] = "other",
        };
        stanza = new(stanza) { ["ha_enabled"] = "true", ["colour"] = "red", ["max_parallel"] = "7" };
        var options = PostgresStoreOptions.From(stanza, vaults, warnings.Add);
        Assert.Equal(("postgres://other/db", "other", 7), (options.ConnectionUrl, options.Table, options.MaxParallel));
        Assert.Contains("colour", Assert.Single(warnings));
    }
}
