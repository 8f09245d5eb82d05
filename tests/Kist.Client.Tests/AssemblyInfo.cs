[assembly: AssemblyFixture(typeof(Kist.Client.Tests.TestServer))]
